// Sorting, the k largest, distinct elements.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/overflow.h"
#include "cpu/contiguous.h"
#include "cpu/dim_view.h"
#include "cpu/sort_keys.h"

namespace bestiary::cpu {
namespace {

// Keys count in 32 bits.
void check_number_of_keys(const Tensor& self) {
    check(self.numel() <= std::numeric_limits<uint32_t>::max(), "self: ", self.numel(), " elements are too many");
}

// Calls body(line number, KeyedLine) for every line of a packed tensor.
template <class F>
void for_lines(const Tensor& self, int64_t dim, bool descending, const F& body) {
    const DimView lines(self.sizes(), dim);
    check(lines.n <= std::numeric_limits<uint32_t>::max(), "self: dimension ", dim, " of size ", lines.n,
          " is too long to sort");
    visit(self.dtype(), [&]<class T>() {
        lines.share([&](int64_t begin, int64_t end) {
            std::vector<Keyed<Key<T>>> keys, spare;
            for (int64_t line = begin; line < end; ++line)
                body(line, KeyedLine<T>{self.data<T>() + lines.start(line), lines.n, lines.inner, descending}, keys,
                     spare);
        });
    });
}

// Writes the elements of every line that arrange(line, keys, spare) leaves in front.
template <class F>
void write_arranged(const KernelCall& call, int64_t dim, bool descending, const F& arrange) {
    const Tensor self = packed(call.args.tensor(0));
    const Tensor &values = call.outs[0], &indices = call.outs[1];
    const DimView lines(self.sizes(), dim);
    const int64_t wanted = self.dim() == 0 ? 1 : values.size(dim);
    for_lines(self, dim, descending, [&]<class T>(int64_t line, const KeyedLine<T>& from, auto& keys, auto& spare) {
        arrange(from, keys, spare);
        T* value = values.data<T>() + lines.start(line, wanted);
        int64_t* index = indices.data<int64_t>() + lines.start(line, wanted);
        for (int64_t i = 0; i < wanted; ++i) {
            const int64_t place = keys[static_cast<size_t>(i)].index;
            value[i * lines.inner] = from.first[place * lines.inner];
            index[i * lines.inner] = place;
        }
    });
}

void sort(const KernelCall& call) {
    write_arranged(call, call.args.integer(1), call.args.flag(2), [](const auto& line, auto& keys, auto& spare) {
        line.read(keys);
        sort_keys(keys, spare);
    });
}

void topk(const KernelCall& call) {
    const int64_t k = call.args.integer(1);
    const bool sorted = call.args.flag(4);
    write_arranged(call, call.args.integer(2), call.args.flag(3), [&](const auto& line, auto& keys, auto& spare) {
        if (k * 64 <= line.n) return line.read_smallest(k, keys);
        line.read(keys);
        select_keys(keys, static_cast<size_t>(k), spare);
        if (sorted) std::sort(keys.begin(), keys.begin() + k);
    });
}

// The place of the first nan; -1 if there is none.
template <class T>
int64_t first_nan(const std::vector<Keyed<Key<T>>>& keys) {
    if (!is_floating(dtype_of<T>())) return -1;
    for (const Keyed<Key<T>>& item : keys)
        if (item.key == ~Key<T>{0}) return item.index;
    return -1;
}

// The index of the element of place k in order, where `keys` are all elements'.
template <class K>
int64_t index_of_kth(std::vector<Keyed<K>>& keys, std::vector<Keyed<K>>& spare, int64_t k) {
    select_keys(keys, static_cast<size_t>(k) + 1, spare);
    return std::max_element(keys.begin(), keys.begin() + k + 1)->index;
}

// self, dim, keepdim, k, nan_wins
void kth(const KernelCall& call) {
    const Tensor self = packed(call.args.tensor(0));
    const int64_t k = call.args.integer(3);
    const bool nan_wins = call.args.flag(4);
    for_lines(self, call.args.integer(1), false,
              [&]<class T>(int64_t at, const KeyedLine<T>& line, auto& keys, auto& spare) {
                  line.read(keys);
                  int64_t place = nan_wins ? first_nan<T>(keys) : -1;
                  if (place < 0) place = index_of_kth(keys, spare, k);
                  call.outs[0].data<T>()[at] = line.first[place * line.step];
                  call.outs[1].data<int64_t>()[at] = place;
              });
}

// self, dim (of which all are meant), keepdim, skip_nan
void median(const KernelCall& call) {
    const Tensor self = packed(call.args.tensor(0));
    const bool skip_nan = call.args.flag(3);
    check_number_of_keys(self);
    visit(self.dtype(), [&]<class T>() {
        T& out = call.outs[0].data<T>()[0];
        if (self.numel() == 0) {
            check(is_floating(self.dtype()), "self: expected elements, got shape ", self.sizes());
            out = convert<T>(std::numeric_limits<double>::quiet_NaN());
            return;
        }
        std::vector<Keyed<Key<T>>> keys, spare;
        KeyedLine<T>{self.data<T>(), self.numel(), 1, false}.read(keys);
        int64_t index = first_nan<T>(keys), count = self.numel();
        if (index >= 0 && skip_nan) {
            count = std::ranges::count_if(keys, [](const auto& item) { return item.key != ~Key<T>{0}; });
            if (count > 0) index = -1;
        }
        out = self.data<T>()[index >= 0 ? index : index_of_kth(keys, spare, (count - 1) / 2)];
    });
}

// Whether elements with these keys are equal: a nan is not, not even to itself.
template <class T>
bool same(Key<T> a, Key<T> b) {
    return a == b && !(is_floating(dtype_of<T>()) && a == ~Key<T>{0});
}

// Runs of equal elements in `keys`, which stand for the elements of `self` in that order.
template <class T>
void push_runs(const Tensor& self, const std::vector<Keyed<Key<T>>>& keys, Results& outs) {
    const int64_t n = static_cast<int64_t>(keys.size());
    const T* from = self.data<T>();
    std::vector<int64_t> starts;
    const Tensor inverse = Tensor::empty(self.sizes(), DType::Int64);
    for (int64_t i = 0; i < n; ++i) {
        const auto& item = keys[static_cast<size_t>(i)];
        if (i == 0 || !same<T>(keys[static_cast<size_t>(i - 1)].key, item.key)) starts.push_back(i);
        inverse.data<int64_t>()[item.index] = static_cast<int64_t>(starts.size()) - 1;
    }
    const int64_t found = static_cast<int64_t>(starts.size());
    const Tensor values = Tensor::empty({found}, self.dtype()), counts = Tensor::empty({found}, DType::Int64);
    starts.push_back(n);
    for (int64_t i = 0; i < found; ++i) {
        const int64_t start = starts[static_cast<size_t>(i)];
        values.data<T>()[i] = from[keys[static_cast<size_t>(start)].index];
        counts.data<int64_t>()[i] = starts[static_cast<size_t>(i + 1)] - start;
    }
    outs.push(values);
    outs.push(inverse);
    outs.push(counts);
}

void distinct(const KernelCall& call, bool sorted) {
    const Tensor self = packed(call.args.tensor(0));
    check_number_of_keys(self);
    visit(self.dtype(), [&]<class T>() {
        std::vector<Keyed<Key<T>>> keys, spare;
        KeyedLine<T>{self.data<T>(), self.numel(), 1, false}.read(keys);
        if (sorted) sort_keys(keys, spare);
        push_runs<T>(self, keys, call.outs);
    });
}

// The last index of the longest run of equal elements in the order of the keys, the first of several such runs.
template <class K>
int64_t end_of_longest_run(const std::vector<Keyed<K>>& keys) {
    size_t longest = 0, place = 0;
    for (size_t i = 0, start = 0; i < keys.size(); ++i) {
        if (keys[i].key != keys[start].key) start = i;
        if (i - start + 1 > longest) {
            longest = i - start + 1;
            place = i;
        }
    }
    return keys[place].index;
}

void mode(const KernelCall& call) {
    const Tensor self = packed(call.args.tensor(0));
    int64_t* const out = call.outs[0].data<int64_t>();
    const auto find = [&]<class T>(int64_t at, const KeyedLine<T>& line, auto& keys, auto& spare) {
        line.read(keys);
        sort_keys(keys, spare);
        out[at] = end_of_longest_run(keys);
    };
    for_lines(self, call.args.integer(1), false, find);
}

// Rows of a matrix compared element by element.
template <class T>
struct Rows {
    const T* data;
    int64_t width;

    std::span<const T> operator[](int64_t i) const { return {data + i * width, static_cast<size_t>(width)}; }
    bool less(int64_t i, int64_t j) const {
        return std::ranges::lexicographical_compare((*this)[i], (*this)[j], {}, order_key<T>, order_key<T>);
    }
    bool equal(int64_t i, int64_t j) const {
        return std::ranges::equal((*this)[i], (*this)[j], same<T>, order_key<T>, order_key<T>);
    }
};

// Runs of equal rows in the given order: a row of each, the run of each row, and how long each is.
template <class T>
void push_row_runs(const Rows<T>& rows, const std::vector<int64_t>& order, Results& outs) {
    const Tensor inverse = Tensor::empty({static_cast<int64_t>(order.size())}, DType::Int64);
    std::vector<int64_t> firsts, counts;
    for (size_t i = 0; i < order.size(); ++i) {
        if (i == 0 || !rows.equal(order[i - 1], order[i])) {
            firsts.push_back(order[i]);
            counts.push_back(0);
        }
        ++counts.back();
        inverse.data<int64_t>()[order[i]] = static_cast<int64_t>(firsts.size()) - 1;
    }
    const Tensor first = Tensor::empty({static_cast<int64_t>(firsts.size())}, DType::Int64),
                 count = Tensor::empty(first.sizes(), DType::Int64);
    std::copy(firsts.begin(), firsts.end(), first.data<int64_t>());
    std::copy(counts.begin(), counts.end(), count.data<int64_t>());
    outs.push(first);
    outs.push(inverse);
    outs.push(count);
}

void distinct_rows(const KernelCall& call) {
    const Tensor self = packed(call.args.tensor(0));
    const bool sorted = call.args.flag(1);
    visit(self.dtype(), [&]<class T>() {
        const Rows<T> rows{self.data<T>(), self.sizes()[1]};
        std::vector<int64_t> order(static_cast<size_t>(self.sizes()[0]));
        std::iota(order.begin(), order.end(), int64_t{0});
        if (sorted) std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) { return rows.less(i, j); });
        push_row_runs(rows, order, call.outs);
    });
}

void bincount(const KernelCall& call) {
    const Tensor self = packed_as(call.args.tensor(0), DType::Int64);
    check(self.dim() == 1, "self: expected 1 dimension, got shape ", self.sizes());
    const std::span<const int64_t> bins(self.data<int64_t>(), static_cast<size_t>(self.numel()));
    int64_t size = call.args.integer(2);
    check(size >= 0, "minlength: expected 0 or more, got ", size);
    for (int64_t bin : bins) {
        check(bin >= 0, "self: expected numbers of 0 or more, got ", bin);
        size = std::max(size, checked_add(bin, 1, "self"));
    }
    const Tensor given = call.args.tensor_or_none(1);
    check(!given.defined() || given.sizes() == self.sizes(), "weights: expected self's shape ", self.sizes(), ", got ",
          given.defined() ? given.sizes() : Dims());
    const DType type = !given.defined()                  ? DType::Int64
                       : given.dtype() == DType::Float32 ? DType::Float32
                                                         : DType::Float64;
    const Tensor out = Tensor::zeros({size}, type);
    if (!given.defined()) {
        for (int64_t bin : bins) ++out.data<int64_t>()[bin];
    } else {
        const Tensor weights = packed_as(given, type);
        visit_float(type, [&]<class T>() {
            for (size_t i = 0; i < bins.size(); ++i) out.data<T>()[bins[i]] += weights.data<T>()[i];
        });
    }
    call.outs.push(out);
}

// Where each value would go into its line of the sorted sequence.
void searchsorted(const KernelCall& call) {
    const Tensor& given = call.args.tensor(0);
    const DType type = promote(given.dtype(), call.args.tensor(1).dtype());
    const Tensor sequence = packed_as(given, type), values = packed_as(call.args.tensor(1), type);
    const bool right = call.args.flag(2);
    const int64_t n = sequence.dim() ? sequence.sizes().back() : 1;
    const int64_t per_line = sequence.dim() == 1 || values.dim() == 0 ? values.numel() : values.sizes().back();
    int64_t* out = call.outs[0].data<int64_t>();
    visit(type, [&]<class T>() {
        const auto before = [](T a, T b) { return order_key(a) < order_key(b); };
        parallel_for(values.numel(), kGrain / 16, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const T* first = sequence.data<T>() + (sequence.dim() == 1 ? 0 : i / per_line * n);
                const T value = values.data<T>()[i];
                out[i] = (right ? std::upper_bound(first, first + n, value, before)
                                : std::lower_bound(first, first + n, value, before)) -
                         first;
            }
        });
    });
}

void histc(const KernelCall& call) {
    const Tensor self = packed_as(call.args.tensor(0), DType::Float64),
                 counts = Tensor::zeros(call.outs[0].sizes(), DType::Float64);
    const std::span<const double> x(self.data<double>(), static_cast<size_t>(self.numel()));
    const auto bins = static_cast<double>(call.args.integer(1));
    double low = call.args.number(2), high = call.args.number(3);
    if (low == high && !x.empty()) {
        low = *std::min_element(x.begin(), x.end());
        high = *std::max_element(x.begin(), x.end());
    }
    if (low == high) {
        low -= 1;
        high += 1;
    }
    check(std::isfinite(low) && std::isfinite(high), "min, max: expected finite numbers, got ", low, " and ", high);
    check(low < high, "max: expected more than min ", low, ", got ", high);
    for (double v : x)
        if (v >= low && v <= high)
            ++counts.data<double>()[static_cast<int64_t>(std::min((v - low) / (high - low) * bins, bins - 1))];
    copy_into(call.outs[0], counts);
}

KERNEL(CPU, "sort", sort);
KERNEL(CPU, "topk", topk);
KERNEL(CPU, "_kth", kth);
KERNEL(CPU, "_median", median);
KERNEL(CPU, "_unique", [](const KernelCall& c) { distinct(c, true); });
KERNEL(CPU, "_unique_consecutive", [](const KernelCall& c) { distinct(c, false); });
KERNEL(CPU, "_unique_rows", distinct_rows);
KERNEL(CPU, "_mode", mode);
KERNEL(CPU, "bincount", bincount);
KERNEL(CPU, "_searchsorted", searchsorted);
KERNEL(CPU, "histc", histc);

}  // namespace
}  // namespace bestiary::cpu
