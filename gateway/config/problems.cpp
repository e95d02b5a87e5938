#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "gateway/config/yaml.hpp"

namespace vitalgate::config {

void Problems::add(const Place& place, std::string_view path, std::string_view sentence) {
    if (place.file) noteFile(*place.file);
    if (list_.size() >= kMaximumProblems) return;
    list_.push_back({place, std::string(path), std::string(sentence)});
}

void Problems::add(const Place& place, std::string_view path, const Error& error) {
    mayPass_ = mayPass_ || error.kind == ErrorKind::unavailable;
    add(place, path, error.message);
}

void Problems::noteFile(const std::string& file) {
    if (std::ranges::find(files_, file) == files_.end()) files_.push_back(file);
}

std::size_t Problems::rank(const Place& place) const {
    if (!place.file) return 0;
    return static_cast<std::size_t>(std::ranges::find(files_, *place.file) - files_.begin());
}

std::vector<std::string> Problems::lines() const {
    auto sorted = list_;
    std::ranges::stable_sort(sorted, {}, [this](const Problem& problem) {
        return std::tuple(rank(problem.place), problem.place.line, problem.place.column);
    });
    std::vector<std::string> out;
    for (const auto& [place, path, sentence] : sorted) {
        std::string line;
        if (place.file) line += *place.file;
        if (place.line > 0) line += fmt::format(":{}:{}", place.line, place.column);
        for (const auto& part : {path, sentence}) {
            if (!line.empty() && !part.empty()) line += ": ";
            line += part;
        }
        out.push_back(std::move(line));
    }
    return out;
}

}  // namespace vitalgate::config
