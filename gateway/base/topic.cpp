#include "gateway/base/topic.hpp"

#include <algorithm>

#include "gateway/base/identifier.hpp"

namespace vitalgate {

namespace {

constexpr std::string_view kPlaceholder = "{hub}";

}  // namespace

bool isTopic(std::string_view text) {
    if (text.empty() || text.size() > kLongestTopic || text.front() == '$') return false;
    if (text.front() == '/' || text.back() == '/') return false;
    if (text.find("//") != std::string_view::npos) return false;
    return std::ranges::none_of(text, [](char letter) {
        const auto octet = static_cast<unsigned char>(letter);
        return letter == '+' || letter == '#' || octet < 0x20 || octet == 0x7F;
    });
}

Result<std::string> hubRoot(std::string_view root, std::string_view hub) {
    if (!isIdentifier(hub)) {
        return fail(ErrorKind::invalid, "\"{}\" is no hub id: use 1 to 64 of A-Z a-z 0-9 . _ -",
                    hub.substr(0, 80));
    }
    const auto at = root.find(kPlaceholder);
    if (at == std::string_view::npos) {
        return fail(ErrorKind::invalid, "root \"{}\" must contain {{hub}}", root.substr(0, 80));
    }
    std::string filled{root};
    filled.replace(at, kPlaceholder.size(), hub);
    if (!isTopic(filled) || filled.find_first_of("{}") != std::string::npos) {
        return fail(ErrorKind::invalid,
                    "root \"{}\" is no topic: levels separated by \"/\", without + # $ and with "
                    "{{hub}} once, at most {} characters",
                    root.substr(0, 80), kLongestTopic);
    }
    return filled;
}

Result<std::string> resultSuffix(std::string_view responseTopic, std::string_view results) {
    const auto suffix = responseTopic.starts_with(results) ? responseTopic.substr(results.size())
                                                           : std::string_view{};
    const bool isPrintable =
        std::ranges::all_of(responseTopic, [](char c) { return c > ' ' && c <= '~'; });
    if (suffix.size() < 2 || suffix.front() != '/' || !isPrintable || !isTopic(responseTopic)) {
        return fail(ErrorKind::refused, "the response topic must lie below {}/", results);
    }
    return std::string{suffix.substr(1)};
}

}  // namespace vitalgate
