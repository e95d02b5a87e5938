#include "gateway/base/broker_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "gateway/base/words.hpp"

namespace vitalgate {
namespace {

struct SchemeRow {
    BrokerScheme scheme;
    std::string_view word;
    std::uint16_t port;
    bool hasPath;
};
constexpr std::array kSchemes = {
    SchemeRow{BrokerScheme::mqtt, "mqtt", 1883, false},
    SchemeRow{BrokerScheme::mqtts, "mqtts", 8883, false},
    SchemeRow{BrokerScheme::ws, "ws", 80, true},
    SchemeRow{BrokerScheme::wss, "wss", 443, true},
};
constexpr std::size_t kMaximumLength = 512;
constexpr std::size_t kLongestHost = 253;

bool isHostText(std::string_view host, bool inBrackets) {
    if (host.empty() || host.size() > kLongestHost) return false;
    return std::ranges::all_of(host, [inBrackets](char letter) {
        const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                           (letter >= 'A' && letter <= 'Z') || letter == '.' || letter == '-' ||
                           letter == '_';
        return plain || (inBrackets && (letter == ':' || letter == '%'));
    });
}

/// Takes "host", "host:port" or "[address]:port" apart; `port` keeps its colon.
bool splitHost(std::string_view text, std::string_view& host, std::string_view& port) {
    const bool inBrackets = text.starts_with('[');
    const auto end = inBrackets ? text.find(']') : text.find(':');
    if (inBrackets && end == std::string_view::npos) return false;
    host = inBrackets ? text.substr(1, end - 1) : text.substr(0, end);
    port = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    if (inBrackets) port.remove_prefix(1);
    return isHostText(host, inBrackets);
}

/// ":1883"; nothing changes if there is none.
bool readPort(std::string_view text, std::uint16_t& port) {
    if (text.empty()) return true;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data() + 1, end, port);
    return text.front() == ':' && result.ec == std::errc{} && result.ptr == end && port != 0;
}

}  // namespace

Result<BrokerAddress> BrokerAddress::parse(std::string_view uri) {
    // First of all: a password that somebody wrote here must not be repeated.
    if (uri.find('@') != std::string_view::npos) {
        return fail(ErrorKind::invalid,
                    "user and password do not belong into the URL; use the keys user and password");
    }
    if (uri.size() > kMaximumLength) {
        return fail(ErrorKind::invalid, "a URL of more than {} characters", kMaximumLength);
    }
    const auto mark = std::min(uri.find("://"), uri.size());
    const auto scheme = std::ranges::find(kSchemes, uri.substr(0, mark), &SchemeRow::word);
    if (mark == uri.size() || scheme == kSchemes.end()) {
        return fail(ErrorKind::invalid, "{} does not begin with mqtts://, mqtt://, wss:// or ws://",
                    inQuotes(uri));
    }
    const auto rest = uri.substr(mark + 3);
    const auto slash = std::min(rest.find('/'), rest.size());
    std::string_view host;
    std::string_view port;
    if (!splitHost(rest.substr(0, slash), host, port)) {
        return fail(ErrorKind::invalid, "there is no valid host name in the URL");
    }
    BrokerAddress address{scheme->scheme, std::string{host}, scheme->port,
                          std::string{rest.substr(slash)}};
    if (!readPort(port, address.port)) {
        return fail(ErrorKind::invalid, "the port of the URL is not a number from 1 to 65535");
    }
    if (!scheme->hasPath && address.path.size() > 1) {
        return fail(ErrorKind::invalid, "{} has a path, which {} does not know", inQuotes(uri),
                    scheme->word);
    }
    if (!scheme->hasPath) address.path.clear();
    return address;
}

bool BrokerAddress::isLoopback() const {
    if (host == "localhost") return true;
    in_addr four{};
    in6_addr six{};
    // Other ways of writing an address ("127.1") are names to those who read them strictly.
    if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six) != 0;
}

std::string_view BrokerAddress::schemeWord() const {
    return std::ranges::find(kSchemes, scheme, &SchemeRow::scheme)->word;
}

std::string BrokerAddress::text() const {
    const bool brackets = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

std::string BrokerAddress::uri() const {
    return fmt::format("{}://{}{}", schemeWord(), text(), path);
}

}  // namespace vitalgate
