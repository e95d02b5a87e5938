#include "gateway/base/bytes.hpp"

namespace vitalgate {

namespace {
constexpr std::size_t kMaximumHexOctets = 64 * 1024;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool isSeparator(char c) {
    return c == ' ' || c == ':' || c == '-';
}
}  // namespace

std::string toHex(ByteView bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto octet : bytes) {
        out += kDigits[octet >> 4];
        out += kDigits[octet & 0xf];
    }
    return out;
}

Result<Bytes> fromHex(std::string_view text) {
    Bytes out;
    for (std::size_t i = 0; i < text.size();) {
        if (isSeparator(text[i])) {
            ++i;
            continue;
        }
        const int high = digit(text[i]);
        const int low = i + 1 < text.size() ? digit(text[i + 1]) : -1;
        if (high < 0 || low < 0) {
            return fail(ErrorKind::invalid,
                        "not hexadecimal at character {}: write two digits 0-9 or a-f an octet",
                        i + 1);
        }
        if (out.size() == kMaximumHexOctets) {
            return fail(ErrorKind::invalid, "longer than {} octets", kMaximumHexOctets);
        }
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
        i += 2;
    }
    return out;
}

}  // namespace vitalgate
