#include "gateway/dbus/message.hpp"

#include <sdbus-c++/Error.h>
#include <sdbus-c++/Types.h>

#include "gateway/dbus/no_memory.hpp"

namespace vitalgate::dbus {

namespace {

/// Carries an Error out of the recursion; never leaves this file.
struct Failure {
    Error error;
};

template <class... Args>
[[noreturn]] void raise(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
    throw Failure{Error{kind, fmt::format(format, std::forward<Args>(args)...)}};
}

struct Type {
    char letter = 0;  ///< 0: the end of the container
    std::string contents;
};

Type peek(const sdbus::Message& message) {
    std::string letter;
    Type type;
    message.peekType(letter, type.contents);
    if (!letter.empty()) type.letter = letter.front();
    return type;
}

class Decoder {
  public:
    explicit Decoder(sdbus::Message& message) : message_(message) {}

    Values all(int depth) {
        Values values;
        for (auto type = peek(message_); type.letter != 0; type = peek(message_))
            values.push_back(one(type, depth));
        return values;
    }

  private:
    Value one(const Type& type, int depth) {
        if (depth > kMaxDepth) raise(ErrorKind::full, "nested deeper than {} levels", kMaxDepth);
        count();
        switch (type.letter) {
            case 'b':
                return plain<bool>();
            case 'y':
                return plain<std::uint8_t>();
            case 'n':
                return plain<std::int16_t>();
            case 'q':
                return plain<std::uint16_t>();
            case 'i':
                return plain<std::int32_t>();
            case 'u':
                return plain<std::uint32_t>();
            case 'x':
                return plain<std::int64_t>();
            case 't':
                return plain<std::uint64_t>();
            case 'd':
                return plain<double>();
            case 's':
                return plain<std::string>();
            case 'o':
                return ObjectPath{plain<sdbus::ObjectPath>()};
            case 'g':
                return Signature{plain<sdbus::Signature>()};
            case 'h':
                return UnixFd{plain<sdbus::UnixFd>().release()};
            case 'v':
                return variant(type.contents, depth);
            case 'r':
                return structure(type.contents, depth);
            case 'a':
                return array(type.contents, depth);
            default:
                raise(ErrorKind::malformed, "unknown D-Bus type \"{}\"", type.letter);
        }
    }

    template <class T>
    T plain() {
        T value{};
        message_ >> value;
        return value;
    }

    void count() {
        if (++items_ > kMaxItems) raise(ErrorKind::full, "more than {} values", kMaxItems);
    }

    Value variant(const std::string& contents, int depth) {
        message_.enterVariant(contents);
        auto content = one(peek(message_), depth + 1);
        message_.exitVariant();
        return variantOf(std::move(content));
    }

    Value structure(const std::string& contents, int depth) {
        message_.enterStruct(contents);
        Struct value{all(depth + 1)};
        message_.exitStruct();
        return value;
    }

    Value array(const std::string& element, int depth) {
        message_.enterContainer(element);
        Value value = element == "y"             ? Value(bytes())
                      : element.starts_with("{") ? Value(dict(element, depth))
                                                 : Value(Array{element, all(depth + 1)});
        message_.exitContainer();
        return value;
    }

    Bytes bytes() {
        Bytes octets;
        for (std::uint8_t octet = 0; message_ >> octet; octets.push_back(octet)) count();
        message_.clearFlags();  // the end of the array counts as a failure
        return octets;
    }

    Dict dict(const std::string& element, int depth) {
        // "{sv}": the key of a dictionary is always one letter.
        const auto contents = element.substr(1, element.size() - 2);
        Dict value{contents.substr(0, 1), contents.substr(1), {}};
        while (peek(message_).letter != 0) {
            message_.enterDictEntry(contents);
            auto key = one(peek(message_), depth + 1);
            auto content = one(peek(message_), depth + 1);
            message_.exitDictEntry();
            value.entries.emplace_back(std::move(key), std::move(content));
        }
        return value;
    }

    sdbus::Message& message_;
    std::size_t items_ = 0;
};

class Encoder {
  public:
    explicit Encoder(sdbus::Message& message) : message_(message) {}

    void write(const Value& value, int depth) {
        if (depth > kMaxDepth) raise(ErrorKind::full, "nested deeper than {} levels", kMaxDepth);
        std::visit([this, depth](const auto& data) { put(data, depth); }, value.data());
    }

  private:
    template <class T>
        requires std::is_arithmetic_v<T>
    void put(T number, int) {
        message_ << number;
    }
    void put(const std::string& text, int) {
        if (text.find('\0') != std::string::npos) raise(ErrorKind::invalid, "text with a zero");
        message_ << text;
    }
    void put(const ObjectPath& path, int) { message_ << sdbus::ObjectPath(path.text); }
    void put(const Signature& signature, int) { message_ << sdbus::Signature(signature.text); }
    void put(const UnixFd& descriptor, int) { message_ << sdbus::UnixFd(descriptor.get()); }

    void put(const Bytes& octets, int) {
        message_.openContainer("y");
        for (const auto octet : octets) message_ << octet;
        message_.closeContainer();
    }

    void put(const Array& array, int depth) {
        message_.openContainer(array.element);
        for (const auto& item : array.items) checked(item, array.element, depth);
        message_.closeContainer();
    }

    void put(const Dict& dict, int depth) {
        const auto contents = dict.keyType + dict.valueType;
        message_.openContainer("{" + contents + "}");
        for (const auto& [key, content] : dict.entries) {
            message_.openDictEntry(contents);
            checked(key, dict.keyType, depth);
            checked(content, dict.valueType, depth);
            message_.closeDictEntry();
        }
        message_.closeContainer();
    }

    void put(const Struct& structure, int depth) {
        std::string contents;
        for (const auto& member : structure.members) contents += member.signature();
        message_.openStruct(contents);
        for (const auto& member : structure.members) write(member, depth + 1);
        message_.closeStruct();
    }

    void put(const Variant& variant, int depth) {
        message_.openVariant(variant.content->signature());
        write(*variant.content, depth + 1);
        message_.closeVariant();
    }

    void checked(const Value& value, const std::string& type, int depth) {
        if (value.signature() != type)
            raise(ErrorKind::invalid, "a value of type {} where {} is announced", value.signature(),
                  type);
        write(value, depth + 1);
    }

    sdbus::Message& message_;
};

template <class T, class Work>
Result<T> guarded(ErrorKind kind, Work work) {
    try {
        return work();
    } catch (const Failure& failure) {
        return std::unexpected(failure.error);
    } catch (const sdbus::Error& error) {
        checkMemory(error);
        return fail(kind, "{}", error.getMessage());
    }
}

}  // namespace

Result<Values> decode(sdbus::Message& message) {
    return guarded<Values>(ErrorKind::malformed,
                           [&message]() -> Result<Values> { return Decoder(message).all(0); });
}

Status encode(sdbus::Message& message, const Value& value) {
    return guarded<void>(ErrorKind::invalid, [&]() -> Status {
        Encoder(message).write(value, 0);
        return {};
    });
}

Status encode(sdbus::Message& message, const Values& values) {
    for (const auto& value : values) {
        if (auto written = encode(message, value); !written) return written;
    }
    return {};
}

}  // namespace vitalgate::dbus
