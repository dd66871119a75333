// Reads the text of a declaration: "name.overload(Type a, Type? b=None, *, int... c=1) -> (Tensor x, Tensor y)".
#include <charconv>

#include "core/op.h"

namespace bestiary {
namespace {

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}

    Schema parse() {
        Schema schema;
        schema.text = std::string(text_);
        schema.name = word();
        if (accept('.')) schema.overload = word();
        expect('(');
        bool keyword_only = false;
        while (!accept(')')) {
            if (accept('*')) keyword_only = true;
            else schema.params.push_back(param(keyword_only));
            accept(',');
        }
        expect('-');
        expect('>');
        results(schema);
        return schema;
    }

private:
    [[noreturn]] void bad(const char* what) {
        fail(ErrorKind::Value, "op schema '", text_, "': ", what, " at character ", at_);
    }
    void space() {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    }
    bool accept(char c) {
        space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool accept(std::string_view s) {
        space();
        if (text_.substr(at_, s.size()) != s) return false;
        at_ += s.size();
        return true;
    }
    void expect(char c) {
        if (!accept(c)) bad("unexpected character");
    }
    std::string word() {
        space();
        const size_t begin = at_;
        while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_')) ++at_;
        if (begin == at_) bad("expected a word");
        return std::string(text_.substr(begin, at_ - begin));
    }

    Kind kind(const std::string& type, bool list) {
        static const std::map<std::string, Kind> scalars = {
            {"Tensor", Kind::Tensor}, {"Operand", Kind::Operand}, {"Number", Kind::Number},
            {"int", Kind::Int},       {"float", Kind::Float},     {"bool", Kind::Bool},
            {"str", Kind::Str},       {"dtype", Kind::DType},     {"device", Kind::Device},
            {"Generator", Kind::Generator}};
        static const std::map<std::string, Kind> lists = {
            {"Tensor", Kind::Tensors}, {"int", Kind::Ints}, {"float", Kind::Floats}};
        const auto& known = list ? lists : scalars;
        const auto found = known.find(type);
        if (found == known.end()) bad("unknown type");
        return found->second;
    }

    Param param(bool keyword_only) {
        const std::string type = word();
        Param p;
        p.keyword_only = keyword_only;
        const bool list = accept("[]");
        p.variadic = accept("...");
        p.kind = kind(type, list || p.variadic);
        p.writes = accept("(w)");
        const bool can_be_written = p.kind == Kind::Tensor || p.kind == Kind::Tensors || p.kind == Kind::Generator;
        if (p.writes && !can_be_written) bad("only tensors and generators can be written");
        p.optional = accept('?');
        p.name = word();
        if (accept('=')) {
            p.has_default = true;
            p.fallback = fallback(p.kind);
        }
        return p;
    }

    OwnedValue fallback(Kind kind) {
        if (accept("None")) return {};
        if (accept("True")) return OwnedValue(Value(true));
        if (accept("False")) return OwnedValue(Value(false));
        if (accept('\'')) {
            const size_t begin = at_;
            while (at_ < text_.size() && text_[at_] != '\'') ++at_;
            return OwnedValue(Value(text_.substr(begin, at_++ - begin)));
        }
        if (accept('[')) {
            std::vector<int64_t> numbers;
            while (!accept(']')) {
                numbers.push_back(static_cast<int64_t>(number()));
                accept(',');
            }
            return OwnedValue(Value(std::span<const int64_t>(numbers)));
        }
        const size_t begin = at_;
        const double v = number();
        const bool integral = text_.substr(begin, at_ - begin).find_first_of(".e") == std::string_view::npos;
        if (kind == Kind::Ints) {
            const int64_t one[] = {static_cast<int64_t>(v)};
            return OwnedValue(Value(std::span<const int64_t>(one)));
        }
        return OwnedValue(integral && kind != Kind::Float ? Value(static_cast<int64_t>(v)) : Value(v));
    }

    double number() {
        space();
        double v = 0;
        const char* begin = text_.data() + at_;
        const auto [end, code] = std::from_chars(begin, text_.data() + text_.size(), v);
        if (code != std::errc()) bad("expected a number");
        at_ += static_cast<size_t>(end - begin);
        return v;
    }

    void results(Schema& schema) {
        if (accept('(')) {
            while (!accept(')')) {
                word();
                schema.results.push_back(word());
                accept(',');
            }
            return;
        }
        word();
        schema.returns_list = accept("[]");
        schema.results.push_back("result");
    }

    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

Schema Schema::parse(std::string_view text) { return Parser(text).parse(); }

int Schema::index_of(std::string_view param) const {
    for (size_t i = 0; i < params.size(); ++i)
        if (params[i].name == param) return static_cast<int>(i);
    return -1;
}

}  // namespace bestiary
