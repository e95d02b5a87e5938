#include "gateway/base/base32.hpp"

namespace vitalgate {

std::string toBase32(ByteView bytes) {
    constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
    std::string out;
    out.reserve((bytes.size() * 8 + 4) / 5);
    std::uint32_t pending = 0;
    unsigned bits = 0;
    for (const auto octet : bytes) {
        pending = pending << 8 | octet;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            out.push_back(kAlphabet[pending >> bits & 31U]);
        }
    }
    if (bits > 0) out.push_back(kAlphabet[pending << (5 - bits) & 31U]);
    return out;
}

}  // namespace vitalgate
