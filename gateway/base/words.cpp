#include "gateway/base/words.hpp"

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

}  // namespace vitalgate
