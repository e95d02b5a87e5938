#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/profiles/number_formats.hpp"
#include "adapters/profiles/profile.hpp"
#include "gateway/base/byte_reader.hpp"
#include "gateway/codes/codes.hpp"

// What all decoders share. A decoder reads its fields in the order of the specification, describes
// them, and hands reader and result to conclude().
namespace vitalgate::profiles {

using DecodeResult = std::expected<Decoded, DecodeError>;

/// One bit, or one state of several bits, and its word. Bits in no row are reserved: ignored.
struct FlagWord {
    std::uint32_t mask;
    std::uint32_t value;
    std::string_view word;
};
/// A row for one bit, or for the state in which several are all set.
constexpr FlagWord flagWord(std::uint32_t bits, std::string_view word) {
    return {bits, bits, word};
}
std::vector<std::string> flagWords(std::uint32_t bits, std::span<const FlagWord> table);
/// The same as words about the whole measurement.
void addStatus(Measurement& measurement, std::uint32_t bits, std::span<const FlagWord> table);

/// The word of an enumeration whose numbers count from 0; "unknown" for a reserved one.
template <std::size_t N>
std::string_view wordOf(const std::array<std::string_view, N>& words, std::uint8_t number) {
    return number < N ? words[number] : std::string_view("unknown");
}

/// Adds an observation in its canonical unit. What the device said in another `unit` (UCUM) stays
/// beside it as `reported`. An implausible number refuses the whole measurement (conclude()).
v1::Observation& addObservation(Measurement& measurement, codes::Term term, const Number& number,
                                std::string_view unit);

/// The same for a value beside the principal one: the measurement stands without it. A number that
/// no person has is left out, as setImplausible() says.
v1::Observation& addSecondary(Measurement& measurement, codes::Term term, const Number& number,
                              std::string_view unit);

/// An observation whose result is a code of its own: "vitalgate:meal-fasting" and the like.
v1::Observation& addCoded(Measurement& measurement, codes::Term term, std::string_view code);

/// The word of an observation or a span whose number was left out because no person has it, or not
/// beside the others. There is no Absent for that: the device did give a number, and it stands in
/// the raw octets.
inline constexpr std::string_view kImplausible = "implausible";
/// No number, ABSENT_UNSPECIFIED, and that word.
void setImplausible(v1::Observation& observation);

/// For values that devices leave at 0 when they did not compute them.
Number zeroIsNotComputed(const Number& number);

/// The device's calendar, however the value gives it.
void setDeviceTime(Measurement& measurement, const LocalDateTime& time);

/// Fields that several profiles have.
void readTimeStamp(ByteReader& reader, Measurement& measurement);
void readUserSlot(ByteReader& reader, Measurement& measurement);
/// 255 is the unknown user and left out.
void setUserSlot(Measurement& measurement, std::uint8_t slot);

void setBodySite(Measurement& measurement, const codes::BodySite* site);

/// Not a clinical value: the observations go.
void refuse(Measurement& measurement, v1::MeasurementRefusal reason, std::string_view field = {});

/// What a decoder gives back: truncated or trailing octets are an error; a measurement without a
/// single number, code or limit of the device's range has failed, or is implausible if all that it
/// had was left out for that; one with an implausible number is refused (secondary ones have none).
DecodeResult conclude(Measurement measurement, const ByteReader& reader,
                      const DecodeOptions& options);
DecodeResult conclude(std::vector<Measurement> measurements, const ByteReader& reader,
                      const DecodeOptions& options);
/// `mayGrow`: later versions of the specification append to this value, so more octets are no
/// error.
DecodeResult conclude(std::vector<Field> fields, const ByteReader& reader,
                      const DecodeOptions& options, bool mayGrow = false);

/// A field that has no number, for this reason ("not-a-number"); `ABSENT_UNSPECIFIED` is "unknown":
/// the device says that it does not know, or gives a reserved value.
Field noNumber(std::string name, v1::Absent reason = v1::ABSENT_UNSPECIFIED);

/// An offset from UTC, in minutes.
Field offsetField(std::string name, const std::optional<std::chrono::minutes>& offset);

/// The field that was read last is a secret: nobody is told which octets it has.
void hideLast(const ByteReader& reader, const DecodeOptions& options);

/// What was read, or the error for which nothing of it counts.
template <class T>
std::expected<T, DecodeError> unlessWrong(T value, std::optional<DecodeError> error) {
    if (error) return std::unexpected(std::move(*error));
    return value;
}

/// Nothing, or why the octets do not fit their format.
std::optional<DecodeError> lengthError(const ByteReader& reader, bool ignoreTrailing);

}  // namespace vitalgate::profiles
