#include "adapters/simulator/ledger.hpp"

#include <fmt/format.h>

#include <ostream>

namespace vitalgate::simulator {

namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace

void Ledger::write(std::string_view device, std::string_view what,
                   const std::vector<Field>& fields) {
    if (!out_) return;
    auto line = fmt::format("{{\"t\":\"{}\",\"device\":{},\"what\":{}", formatUtc(clock_.wall()),
                            quoted(device), quoted(what));
    for (const auto& [name, value] : fields) {
        const auto* text = std::get_if<std::string>(&value);
        line += fmt::format(",\"{}\":{}", name,
                            text ? quoted(*text) : fmt::format("{}", std::get<1>(value)));
    }
    *out_ << line << "}\n" << std::flush;
    if (!*out_) complete_ = false;
}

}  // namespace vitalgate::simulator
