#include "adapters/profiles/utf8.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::profiles {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// A row of the table "Well-Formed UTF-8 Byte Sequences" of the Unicode Standard (3.9).
struct Sequence {
    std::uint8_t firstLow;
    std::uint8_t firstHigh;
    std::uint8_t secondLow;
    std::uint8_t secondHigh;
    std::size_t length;
};
constexpr std::array<Sequence, 8> kSequences{{{0xC2, 0xDF, 0x80, 0xBF, 2},
                                              {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                              {0xE1, 0xEC, 0x80, 0xBF, 3},
                                              {0xED, 0xED, 0x80, 0x9F, 3},
                                              {0xEE, 0xEF, 0x80, 0xBF, 3},
                                              {0xF0, 0xF0, 0x90, 0xBF, 4},
                                              {0xF1, 0xF3, 0x80, 0xBF, 4},
                                              {0xF4, 0xF4, 0x80, 0x8F, 4}}};

bool isContinuation(std::uint8_t octet) {
    return (octet & 0xC0U) == 0x80U;
}

bool fits(const Sequence& row, ByteView rest) {
    return rest[0] >= row.firstLow && rest[0] <= row.firstHigh && rest.size() >= row.length &&
           rest[1] >= row.secondLow && rest[1] <= row.secondHigh &&
           std::ranges::all_of(rest.subspan(2, row.length - 2), isContinuation);
}

/// Octets of the character that `rest` begins with; 0 if it begins with none.
std::size_t characterLength(ByteView rest) {
    if (rest[0] < 0x80) return 1;
    const auto row =
        std::ranges::find_if(kSequences, [&](const Sequence& s) { return fits(s, rest); });
    return row == kSequences.end() ? 0 : row->length;
}

/// C0, DEL and, as two octets, C1.
bool isControl(ByteView character) {
    return character[0] < 0x20 || character[0] == 0x7F ||
           (character[0] == 0xC2 && character[1] < 0xA0);
}

}  // namespace

std::string readableText(ByteView octets) {
    std::string text;
    while (!octets.empty()) {
        const auto length = characterLength(octets);
        if (length == 0) {
            text += kReplacement;
        } else if (!isControl(octets)) {
            text += asText(octets.first(length));
        }
        octets = octets.subspan(std::max<std::size_t>(length, 1));
    }
    return text;
}

}  // namespace vitalgate::profiles
