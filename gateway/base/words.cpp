#include "gateway/base/words.hpp"

#include <fmt/format.h>

namespace vitalgate {

std::string enumWord(std::string_view valueName, std::string_view prefix) {
    if (valueName.starts_with(prefix)) valueName.remove_prefix(prefix.size());
    std::string word;
    word.reserve(valueName.size());
    for (const char c : valueName) {
        if (c == '_') {
            word += '-';
        } else {
            word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return word;
}

std::string inQuotes(std::string_view text) {
    constexpr std::size_t kShown = 60;
    if (text.find("PRIVATE KEY") != std::string_view::npos) return "(a private key)";
    if (text.size() <= kShown) return fmt::format("\"{}\"", text);
    auto shown = text.substr(0, kShown);
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0x80) != 0) {
        shown.remove_suffix(1);
    }
    return fmt::format("\"{}…\"", shown);
}

}  // namespace vitalgate
