#include "gateway/uplink/broker_address.hpp"

#include <array>
#include <asio/ip/address.hpp>
#include <charconv>
#include <utility>

namespace vitalgate::uplink {
namespace {

struct SchemeRow {
    std::string_view word;
    BrokerScheme scheme;
    std::uint16_t port;
};
constexpr std::array kSchemes = {
    SchemeRow{"mqtt", BrokerScheme::mqtt, 1883},
    SchemeRow{"mqtts", BrokerScheme::mqtts, 8883},
    SchemeRow{"ws", BrokerScheme::ws, 80},
    SchemeRow{"wss", BrokerScheme::wss, 443},
};
constexpr std::size_t kMaximumLength = 512;

const SchemeRow* findScheme(std::string_view word) {
    for (const auto& row : kSchemes) {
        if (row.word == word) return &row;
    }
    return nullptr;
}

bool isHostText(std::string_view host, bool inBrackets) {
    for (const char letter : host) {
        const bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                           (letter >= 'A' && letter <= 'Z') || letter == '.' || letter == '-' ||
                           letter == '_';
        if (!plain && !(inBrackets && (letter == ':' || letter == '%'))) return false;
    }
    return !host.empty();
}

/// Takes "host", "host:port" or "[address]:port" apart.
bool splitHost(std::string_view text, std::string_view& host, std::string_view& port) {
    const bool inBrackets = text.starts_with('[');
    auto end = inBrackets ? text.find(']') : text.find(':');
    if (inBrackets && end == std::string_view::npos) return false;
    host = inBrackets ? text.substr(1, end - 1) : text.substr(0, end);
    auto rest = end == std::string_view::npos ? std::string_view{} : text.substr(end);
    if (inBrackets) rest.remove_prefix(1);
    if (!rest.empty() && !rest.starts_with(':')) return false;
    port = rest.empty() ? rest : rest.substr(1);
    return isHostText(host, inBrackets) && (rest.empty() || !port.empty());
}

bool parsePort(std::string_view text, std::uint16_t& port) {
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, port);
    return result.ec == std::errc{} && result.ptr == end && port != 0;
}

}  // namespace

Result<BrokerAddress> BrokerAddress::parse(std::string_view uri) {
    const auto bad = [&](std::string_view why) {
        return fail(ErrorKind::invalid, "\"{}\" {}; write for example mqtts://broker.example:8883",
                    uri.substr(0, 80), why);
    };
    // First of all: a password that somebody wrote here must not be repeated.
    if (uri.find('@') != std::string_view::npos) {
        return fail(ErrorKind::invalid,
                    "a broker's address holds no user name: use the keys user and password");
    }
    if (uri.size() > kMaximumLength) return bad("is too long");
    const auto mark = uri.find("://");
    if (mark == std::string_view::npos) return bad("has no scheme");
    const auto* scheme = findScheme(uri.substr(0, mark));
    if (scheme == nullptr) return bad("is none of mqtts, mqtt, wss and ws");
    auto rest = uri.substr(mark + 3);
    const auto slash = rest.find('/');
    const auto path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    rest = rest.substr(0, slash);
    std::string_view host;
    std::string_view port;
    if (!splitHost(rest, host, port)) return bad("has no valid host");
    BrokerAddress address{scheme->scheme, std::string{host}, scheme->port, std::string{path}};
    if (!port.empty() && !parsePort(port, address.port)) return bad("has no valid port");
    const bool web = scheme->scheme == BrokerScheme::ws || scheme->scheme == BrokerScheme::wss;
    if (!web && path.size() > 1) return bad("has a path, which only ws and wss have");
    if (!web) address.path.clear();
    return address;
}

bool BrokerAddress::isLoopback() const {
    if (host == "localhost") return true;
    std::error_code error;
    const auto address = asio::ip::make_address(host, error);
    return !error && address.is_loopback();
}

std::string BrokerAddress::text() const {
    const bool brackets = host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", brackets ? "[" : "", host, brackets ? "]" : "", port);
}

}  // namespace vitalgate::uplink
