// Sums of products over named dimensions.
//
// Note [einsum]
// Operands are contracted from left to right. Each pair becomes one batched matrix product: dimensions of both that
// later terms or the result need are its batch, other dimensions of both are summed by the product, and dimensions of
// one operand that nothing needs are summed before.
#include <algorithm>
#include <iterator>
#include <numeric>

#include "ops/names.h"

namespace bestiary::ops {
namespace {

constexpr Call<"matmul"> matmul;

// A tensor whose dimensions have names: letters, or numbers below 0 for those that "..." stands for.
using Labels = std::vector<int>;
struct Term {
    Tensor t;
    Labels labels;

    int find(int label) const {
        const auto found = std::find(labels.begin(), labels.end(), label);
        return found == labels.end() ? -1 : static_cast<int>(found - labels.begin());
    }
    bool has(int label) const { return find(label) >= 0; }
};

bool contains(const Labels& labels, int label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// "...ij" of an operand with `dims` dimensions; the last dimension of "..." is -1, the one before -2.
Labels parse(std::string_view text, int dims) {
    Labels labels;
    int letters = 0;
    for (char c : text) letters += std::isalpha(static_cast<unsigned char>(c)) ? 1 : 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') continue;
        if (text.substr(i, 3) == "...") {
            for (int d = dims - letters; d > 0; --d) labels.push_back(-d);
            i += 2;
            continue;
        }
        check_as(ErrorKind::Value, std::isalpha(static_cast<unsigned char>(text[i])), "equation: unexpected '", text[i],
                 "'");
        labels.push_back(text[i]);
    }
    return labels;
}

// A label that comes twice in one operand means its diagonal.
Term with_diagonals(Term term) {
    for (size_t i = 0; i < term.labels.size(); ++i)
        for (size_t j = i + 1; j < term.labels.size(); ++j) {
            if (term.labels[i] != term.labels[j]) continue;
            const int label = term.labels[i];
            const Dims& sizes = term.t.sizes();
            check(sizes[static_cast<int>(i)] == sizes[static_cast<int>(j)], "equation: '", static_cast<char>(label),
                  "' stands for two sizes in shape ", sizes);
            term.t = Call<"diagonal">()(term.t, 0, static_cast<int64_t>(i), static_cast<int64_t>(j));
            term.labels.erase(term.labels.begin() + static_cast<int64_t>(j));
            term.labels.erase(term.labels.begin() + static_cast<int64_t>(i));
            term.labels.push_back(label);
            return with_diagonals(std::move(term));
        }
    return term;
}

// Sums over the dimensions that are not in `needed`.
Term summed(Term term, const Labels& needed) {
    Dims dims;
    Labels left;
    for (size_t i = 0; i < term.labels.size(); ++i) {
        if (contains(needed, term.labels[i])) left.push_back(term.labels[i]);
        else dims.push_back(static_cast<int64_t>(i));
    }
    if (dims.empty()) return term;
    return {Call<"sum.dim">()(term.t, dims), left};
}

// The dimensions in the order of `labels`; those that the term lacks have size 1.
Tensor arranged(const Term& term, const Labels& labels) {
    Dims order;
    for (int label : labels)
        if (term.has(label)) order.push_back(term.find(label));
    Tensor t = permute(term.t, order);
    for (size_t i = 0; i < labels.size(); ++i)
        if (!term.has(labels[i])) t = unsqueeze(t, static_cast<int64_t>(i));
    return t;
}

int64_t size_of(const Term& term, int label) { return term.has(label) ? term.t.sizes()[term.find(label)] : 1; }

// The term as matrices: batch dimensions, then `rows` as one dimension and `columns` as another.
Tensor as_matrices(const Term& term, const Labels& batch, const Labels& rows, const Labels& columns) {
    Labels all = batch;
    all.insert(all.end(), rows.begin(), rows.end());
    all.insert(all.end(), columns.begin(), columns.end());
    Dims shape;
    for (int label : batch) shape.push_back(size_of(term, label));
    for (const Labels* group : {&rows, &columns}) {
        int64_t n = 1;
        for (int label : *group) n *= size_of(term, label);
        shape.push_back(n);
    }
    return reshape(arranged(term, all), shape);
}

Term contracted(Term a, Term b, const Labels& needed) {
    Labels in_a = needed, in_b = needed;
    in_a.insert(in_a.end(), b.labels.begin(), b.labels.end());
    in_b.insert(in_b.end(), a.labels.begin(), a.labels.end());
    a = summed(std::move(a), in_a);
    b = summed(std::move(b), in_b);
    Labels batch, rows, columns, inner;
    for (int label : a.labels) {
        const int64_t in_left = size_of(a, label), in_right = size_of(b, label);
        check(in_left == in_right || in_left == 1 || in_right == 1, "equation: an index stands for sizes ", in_left,
              " and ", in_right, " of operands with shapes ", a.t.sizes(), " and ", b.t.sizes());
        if (!b.has(label)) rows.push_back(label);
        // Of size 1 on one side only: broadcast, which a product can't sum over.
        else if (contains(needed, label) || in_left != in_right) batch.push_back(label);
        else inner.push_back(label);
    }
    for (int label : b.labels)
        if (!a.has(label)) columns.push_back(label);
    const Tensor left = as_matrices(a, batch, rows, inner), right = as_matrices(b, batch, inner, columns);
    const Tensor product = inner.empty() ? left * right : matmul(left, right);
    Dims shape;
    Labels labels = batch;
    for (size_t i = 0; i < batch.size(); ++i) shape.push_back(product.sizes()[static_cast<int>(i)]);
    for (int label : rows) shape.push_back(size_of(a, label));
    for (int label : columns) shape.push_back(size_of(b, label));
    labels.insert(labels.end(), rows.begin(), rows.end());
    labels.insert(labels.end(), columns.begin(), columns.end());
    return {reshape(product, shape), labels};
}

struct Equation {
    std::vector<Term> terms;
    Labels result;
};

// Without "->", the result has the dimensions of "..." and the letters that come once, in order.
Labels implicit_result(const std::vector<Term>& terms) {
    Labels all;
    for (const Term& term : terms) all.insert(all.end(), term.labels.begin(), term.labels.end());
    Labels result;
    for (int label : all)
        if ((label < 0 || std::count(all.begin(), all.end(), label) == 1) && !contains(result, label))
            result.push_back(label);
    std::sort(result.begin(), result.end());
    return result;
}

Equation parse_equation(std::string_view text, std::span<const Tensor> operands) {
    Equation equation;
    const size_t arrow = text.find("->");
    std::string_view left = text.substr(0, arrow);
    int dots = 0;
    for (const Tensor& t : operands) {
        const size_t comma = std::min(left.find(','), left.size());
        const std::string_view part = left.substr(0, comma);
        Term term{t, parse(part, t.dim())};
        check_as(ErrorKind::Value, static_cast<int>(term.labels.size()) == t.dim(), "equation: '", part,
                 "' does not name the ", t.dim(), " dimensions of an operand of shape ", t.sizes());
        for (int label : term.labels) dots = std::max(dots, -label);
        equation.terms.push_back(std::move(term));
        left.remove_prefix(std::min(comma + 1, left.size()));
    }
    const auto commas = std::count(text.begin(), text.end(), ',');
    check_as(ErrorKind::Value, commas + 1 == static_cast<int64_t>(operands.size()), "equation: '", text, "' is for ",
             commas + 1, " operands, got ", operands.size());
    if (arrow == std::string_view::npos) {
        equation.result = implicit_result(equation.terms);
    } else {
        const std::string_view right = text.substr(arrow + 2);
        int letters = 0;
        for (char c : right) letters += std::isalpha(static_cast<unsigned char>(c)) ? 1 : 0;
        equation.result = parse(right, letters + dots);
    }
    return equation;
}

OP("_einsum(str equation, Tensor[] operands) -> Tensor")
    .doc("engine.einsum, with the operands in a list.")
    .compose([](std::string_view equation, Tensors operands) {
        Equation e = parse_equation(equation, operands);
        for (size_t i = 0; i < e.result.size(); ++i) {
            const int label = e.result[i];
            const bool known = std::any_of(e.terms.begin(), e.terms.end(), [&](const Term& t) { return t.has(label); });
            check_as(ErrorKind::Value, known, "equation: the result's '", static_cast<char>(label),
                     "' is in no operand");
            check_as(ErrorKind::Value, std::count(e.result.begin(), e.result.end(), label) == 1, "equation: '",
                     static_cast<char>(label), "' comes twice in the result");
        }
        Term term = with_diagonals(e.terms[0]);
        for (size_t i = 1; i < e.terms.size(); ++i) {
            Labels needed = e.result;
            for (size_t k = i + 1; k < e.terms.size(); ++k)
                needed.insert(needed.end(), e.terms[k].labels.begin(), e.terms[k].labels.end());
            term = contracted(std::move(term), with_diagonals(e.terms[i]), needed);
        }
        return arranged(summed(std::move(term), e.result), e.result);
    });

OP("tensordot(Tensor a, Tensor b, int dims=2) -> Tensor")
    .doc(R"(Sums products over the last ``dims`` dimensions of ``a`` and the first of ``b``.

>>> engine.tensordot(engine.ones(2, 3), engine.ones(3, 4), 1)
tensor([[3., 3., 3., 3.],
        [3., 3., 3., 3.]]))")
    .compose([](const Tensor& a, const Tensor& b, int64_t dims) {
        const int least = std::min(a.dim(), b.dim());
        check(0 <= dims && dims <= least, "dims: expected 0 to ", least, ", got ", dims);
        Dims dims_a, dims_b;
        for (int64_t d = 0; d < dims; ++d) {
            dims_a.push_back(a.dim() - dims + d);
            dims_b.push_back(d);
        }
        return Call<"tensordot.dims">()(a, b, dims_a, dims_b);
    });

constexpr int kFirstSummed = 256;  // the least label of dimensions that tensordot sums over

// The dimensions are labelled from `first` on, those in `dims` with labels that both operands have.
Term labelled(const Tensor& t, int first, Ints dims) {
    Term term{t, Labels(static_cast<size_t>(t.dim()))};
    std::iota(term.labels.begin(), term.labels.end(), first);
    for (size_t i = 0; i < dims.size(); ++i)
        term.labels[static_cast<size_t>(wrap_dim(dims[i], t.dim(), "dims"))] = kFirstSummed + static_cast<int>(i);
    return term;
}

// The sum of `t` over the dimensions that meet size 1 in the other operand, which broadcasts.
Tensor summed_where_other_is_one(const Tensor& t, Ints dims, const Tensor& other, Ints other_dims) {
    Tensor sum = t;
    for (size_t i = 0; i < dims.size(); ++i)
        if (other.size(other_dims[i]) == 1 && t.size(dims[i]) != 1)
            sum = Call<"sum.dim">()(sum, dims[i], true, t.dtype());
    return sum;
}

OP("tensordot.dims(Tensor a, Tensor b, int[] dims_a, int[] dims_b) -> Tensor")
    .doc("Sums products over the given dimensions of each, pair by pair.")
    .compose([](const Tensor& a, const Tensor& b, Ints dims_a, Ints dims_b) {
        check(dims_a.size() == dims_b.size(), "dims: expected as many for a as for b, got ", Dims(dims_a), " and ",
              Dims(dims_b));
        const Term left = labelled(summed_where_other_is_one(a, dims_a, b, dims_b), 0, dims_a),
                   right = labelled(summed_where_other_is_one(b, dims_b, a, dims_a), 64, dims_b);
        for (size_t i = 0; i < dims_a.size(); ++i) {
            const int label = kFirstSummed + static_cast<int>(i);
            check(size_of(left, label) == size_of(right, label), "dims: dimension ", dims_a[i], " of shape ", a.sizes(),
                  " and dimension ", dims_b[i], " of shape ", b.sizes(), " differ");
        }
        Labels result;
        for (const Term& term : {left, right})
            std::copy_if(term.labels.begin(), term.labels.end(), std::back_inserter(result),
                         [](int label) { return label < kFirstSummed; });
        return contracted(left, right, result).t;
    });

}  // namespace
}  // namespace bestiary::ops
