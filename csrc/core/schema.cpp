// Reads the text of a declaration: "name.overload(Type a, Type? b=None, *, int... c=1) -> (Tensor x, Tensor y)".
#include "core/schema.h"

#include <algorithm>
#include <charconv>

namespace bestiary {
namespace {

// By Kind, apart from Object.
constexpr std::string_view kKindNames[] = {"Tensor", "Operand", "Number",   "int",   "float",  "bool",      "str",
                                           "int[]",  "float[]", "Tensor[]", "dtype", "device", "Generator"};

class Parser {
public:
    Parser(std::string_view text, std::span<const ObjectType* const> objects) : text_(text), objects_(objects) {}

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
        if (schema.params.size() > kMaxParams) bad("too many parameters");
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

    void type(Param& p) {
        std::string type = word();
        if (accept("[]")) type += "[]";
        if (accept("...")) {
            type += "[]";
            p.variadic = true;
        }
        const auto object = std::ranges::find(objects_, type, &ObjectType::name);
        const auto kind = std::ranges::find(kKindNames, type);
        if (object != objects_.end()) p.object = *object;
        else if (kind == std::end(kKindNames)) bad("unknown type");
        p.kind = p.object ? Kind::Object : static_cast<Kind>(kind - kKindNames);
    }

    Param param(bool keyword_only) {
        Param p;
        p.keyword_only = keyword_only;
        type(p);
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
        space();
        schema.returns = std::string(text_.substr(at_));
        schema.returns_list = schema.returns == "Tensor[]";
        if (!accept('(')) return schema.results.push_back("result");
        while (!accept(')')) {
            word();
            schema.results.push_back(word());
            accept(',');
        }
    }

    std::string_view text_;
    std::span<const ObjectType* const> objects_;
    size_t at_ = 0;
};

}  // namespace

std::string type_name(Kind kind, const ObjectType* object) {
    return object ? object->name : std::string(kKindNames[static_cast<int>(kind)]);
}

std::string Param::type() const { return type_name(kind, object) + (optional ? "?" : ""); }

Schema Schema::parse(std::string_view text, std::span<const ObjectType* const> objects) {
    return Parser(text, objects).parse();
}

std::string Schema::full_name() const { return overload.empty() ? name : name + "." + overload; }

int Schema::index_of(std::string_view param) const {
    for (size_t i = 0; i < params.size(); ++i)
        if (params[i].name == param) return static_cast<int>(i);
    return -1;
}

}  // namespace bestiary
