// Distinct elements and rows.
#include <algorithm>
#include <numeric>
#include <span>

#include "cpu/contiguous.h"
#include "cpu/sort_keys.h"

namespace bestiary::cpu {
namespace {

// Pushes the runs of equal elements in `keys`, those of the elements of `self` in some order: the element, the run of
// each element of self, the length.
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

template <bool sorted>
void unique(const KernelCall& call, const Tensor& given) {
    const Tensor self = packed(given);
    check_number_of_keys(self);
    visit(self.dtype(), [&]<class T>() {
        std::vector<Keyed<Key<T>>> keys, spare;
        KeyedLine<T>{self.data<T>(), self.numel(), 1, false}.read(keys);
        if (sorted) sort_keys(keys, spare);
        push_runs<T>(self, keys, call.outs);
    });
}

// Rows of a matrix compared element by element.
template <class T>
struct MatrixRows {
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

// Pushes the runs of equal rows in the given order: the index of a row, the run of each row, the length.
template <class T>
void push_row_runs(const MatrixRows<T>& rows, const std::vector<int64_t>& order, Results& outs) {
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

void unique_rows(const KernelCall& call, const Tensor& given, bool sorted) {
    const Tensor self = packed(given);
    visit(self.dtype(), [&]<class T>() {
        const MatrixRows<T> rows{self.data<T>(), self.sizes()[1]};
        std::vector<int64_t> order(static_cast<size_t>(self.sizes()[0]));
        std::iota(order.begin(), order.end(), int64_t{0});
        if (sorted) std::stable_sort(order.begin(), order.end(), [&](int64_t i, int64_t j) { return rows.less(i, j); });
        push_row_runs(rows, order, call.outs);
    });
}

KERNEL(CPU, "_unique", unique<true>);
KERNEL(CPU, "_unique_consecutive", unique<false>);
KERNEL(CPU, "_unique_rows", unique_rows);

}  // namespace
}  // namespace bestiary::cpu
