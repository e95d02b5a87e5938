#include "gateway/host/machine.hpp"

#include <systemd/sd-id128.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <string_view>

namespace vitalgate::host {

namespace {

constexpr std::size_t kLongestOsName = 120;
constexpr std::size_t kLongestModel = 120;
constexpr std::size_t kLongestOsRelease = 64 * 1024;

/// Names this program to sd_id128_get_machine_app_specific(); must never change.
constexpr sd_id128_t kProgram =
    SD_ID128_MAKE(5d, c2, 51, 6a, 0e, 7b, 4f, 3a, 9b, 1d, 60, 3e, c4, a2, 88, 17);

std::string text(sd_id128_t id) {
    std::array<char, SD_ID128_STRING_MAX> buffer{};
    return sd_id128_to_string(id, buffer.data());
}

/// Takes the quotes and the backslashes of a shell-like value away.
std::string unquoted(std::string_view value) {
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
        value = value.substr(1, value.size() - 2);
    }
    std::string result;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        result += value[i];
    }
    return result;
}

bool isPrintable(std::string_view text) {
    for (const char c : text) {
        if (c < ' ' || c > '~') return false;
    }
    return true;
}

}  // namespace

Result<std::string> machineId() {
    sd_id128_t id{};
    const int error = sd_id128_get_machine_app_specific(kProgram, &id);
    if (error < 0) {
        return fail(ErrorKind::unavailable, "/etc/machine-id: {}; run: systemd-machine-id-setup",
                    std::strerror(-error));
    }
    return text(id);
}

Result<std::string> bootId() {
    sd_id128_t id{};
    const int error = sd_id128_get_boot(&id);
    if (error < 0) return fail(ErrorKind::unavailable, "boot id: {}", std::strerror(-error));
    return text(id);
}

std::string osName(const std::string& path) {
    constexpr std::string_view kKey = "PRETTY_NAME=";
    std::ifstream file(path);
    std::string line;
    for (std::size_t seen = 0; seen < kLongestOsRelease && std::getline(file, line);
         seen += line.size() + 1) {
        if (!line.starts_with(kKey)) continue;
        const auto name = unquoted(std::string_view{line}.substr(kKey.size()));
        if (!name.empty() && isPrintable(name)) return name.substr(0, kLongestOsName);
    }
    return "Linux";
}

std::string machineModel(const std::vector<std::string>& files) {
    for (const auto& name : files) {
        std::ifstream file(name);
        std::string model(kLongestModel, '\0');
        file.read(model.data(), static_cast<std::streamsize>(model.size()));
        // The device tree ends it with a zero, DMI with a line end and sometimes blanks.
        model.resize(std::min(static_cast<std::size_t>(file.gcount()), model.find('\0')));
        model.resize(model.find_last_not_of(" \n") + 1);
        if (!model.empty() && isPrintable(model)) return model;
    }
    return "";
}

}  // namespace vitalgate::host
