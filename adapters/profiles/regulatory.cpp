#include "adapters/profiles/regulatory.hpp"

#include <fmt/format.h>

#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

namespace {

/// No value of an attribute holds more behind the number and the length of the entries.
constexpr std::uint16_t kMostOctets = 512 - 4;
constexpr std::uint8_t kContinua = 2;
/// Structures of Continua's entries.
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kRegulation = 2;
/// Bit 0 of the standard is the highest one.
constexpr std::uint16_t kUnregulated = 0x8000;

/// The encoding rules of the standard put the high octet first.
std::uint16_t bigEndian16(ByteReader& reader, std::string_view field) {
    const auto raw = reader.u16(field);
    return static_cast<std::uint16_t>(raw << 8U | raw >> 8U);
}

/// Nothing if it has another length than it says, here and below.
using Strings = std::vector<std::string>;
using Texts = std::optional<Strings>;

Texts versionTexts(ByteReader& reader) {
    const auto major = reader.u8("guidelines version, major");
    const auto minor = reader.u8("guidelines version, minor");
    std::vector<std::string> texts{fmt::format("continua version {}.{}", major, minor)};
    const auto count = bigEndian16(reader, "number of certified classes");
    const auto length = bigEndian16(reader, "length of certified classes");
    const bool fits = length == 2 * count && length == reader.remaining();
    if (reader.failure() || !fits) return std::nullopt;
    for (std::uint16_t i = 0; i < count; ++i) {
        const auto certified = bigEndian16(reader, "certified class");
        texts.push_back(fmt::format("continua certified class 0x{:04x}", certified));
    }
    return texts;
}

Texts regulationTexts(ByteReader& reader) {
    const auto bits = bigEndian16(reader, "regulation");
    if (reader.failure() || reader.remaining() > 0) return std::nullopt;
    const bool isRegulated = (bits & kUnregulated) == 0;
    return std::vector<std::string>{isRegulated ? "continua regulated device"
                                                : "continua unregulated device"};
}

Texts knownTexts(std::uint8_t body, std::uint8_t structure, ByteView data) {
    ByteReader reader(data);
    if (body == kContinua && structure == kVersion) return versionTexts(reader);
    if (body == kContinua && structure == kRegulation) return regulationTexts(reader);
    return std::nullopt;
}

/// Nothing if it is no list, or a truncated one, as the reader says then.
Texts listTexts(ByteReader& reader, ByteView bytes) {
    const auto count = bigEndian16(reader, "number of entries");
    const auto length = bigEndian16(reader, "length of entries");
    if (length < reader.remaining() || length > kMostOctets) return std::nullopt;
    if (length > reader.remaining()) reader.octets(length, "entries");
    std::vector<std::string> texts;
    for (std::uint16_t i = 0; i < count; ++i) {
        const auto begin = reader.offset();
        const auto body = reader.u8("authorising body");
        const auto structure = reader.u8("structure of entry");
        const auto data = reader.octets(bigEndian16(reader, "length of entry"), "entry");
        if (reader.failure()) return std::nullopt;
        const auto entry = bytes.subspan(begin, reader.offset() - begin);
        const auto known = knownTexts(body, structure, data);
        const auto said = known.value_or(std::vector{toHex(entry)});
        texts.insert(texts.end(), said.begin(), said.end());
    }
    if (reader.failure() || reader.remaining() > 0) return std::nullopt;
    return texts;
}

}  // namespace

DecodeResult regulatoryFields(ByteView bytes, const DecodeOptions& options) {
    std::vector<FieldSpan> spans;
    ByteReader list(bytes, &spans);
    auto known = listTexts(list, bytes);
    if (known || list.failure()) {
        if (options.trace != nullptr) {
            options.trace->insert(options.trace->end(), spans.begin(), spans.end());
        }
        std::vector<Field> fields{{"regulatory", std::move(known).value_or(Strings{})}};
        return conclude(std::move(fields), list, options);
    }
    ByteReader reader(bytes, options.trace);
    const auto whole = reader.octets(bytes.size(), "regulatory");
    std::vector<Field> fields{{"regulatory", Strings{toHex(whole)}}};
    return conclude(std::move(fields), reader, options);
}

}  // namespace vitalgate::profiles
