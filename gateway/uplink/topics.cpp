#include "gateway/uplink/topics.hpp"

#include <algorithm>

#include "gateway/base/identifier.hpp"

namespace vitalgate::uplink {
namespace {

constexpr std::string_view kPlaceholder = "{hub}";
constexpr std::size_t kMaximumLength = 200;

/// Levels separated by "/", each with at least one character; no wildcard, no control character.
bool isTopic(std::string_view text) {
    if (text.empty() || text.size() > kMaximumLength || text.front() == '$') return false;
    if (text.front() == '/' || text.back() == '/') return false;
    if (text.find("//") != std::string_view::npos) return false;
    return std::none_of(text.begin(), text.end(), [](char letter) {
        const auto octet = static_cast<unsigned char>(letter);
        return letter == '+' || letter == '#' || octet < 0x20 || octet == 0x7F;
    });
}

/// "" if the record is no event or its kind is not known here.
std::string eventKind(const v1::Event& event) {
    const auto* descriptor = v1::Event::descriptor();
    const auto* what =
        event.GetReflection()->GetOneofFieldDescriptor(event, descriptor->FindOneofByName("what"));
    if (what == nullptr) return {};
    std::string kind = what->name();
    std::replace(kind.begin(), kind.end(), '_', '-');
    return kind;
}

}  // namespace

Result<Topics> Topics::make(std::string_view root, std::string_view hub) {
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
                    root.substr(0, 80), kMaximumLength);
    }
    return Topics{std::move(filled), std::string{hub}};
}

std::string Topics::device(std::string_view device) const {
    return fmt::format("{}/devices/{}", root_, device);
}

std::string Topics::results(std::string_view suffix) const {
    return suffix.empty() ? root_ + "/results" : fmt::format("{}/results/{}", root_, suffix);
}

std::string Topics::live(const v1::Record& record, std::string_view resultSuffix) const {
    switch (record.body_case()) {
        case v1::Record::kReading: {
            const auto& reading = record.reading();
            if (!isIdentifier(reading.device()) || !isIdentifier(reading.kind())) return batches();
            return fmt::format("{}/readings/{}/{}", root_, reading.device(), reading.kind());
        }
        case v1::Record::kEvent: {
            const auto kind = eventKind(record.event());
            return kind.empty() ? batches() : fmt::format("{}/events/{}", root_, kind);
        }
        case v1::Record::kResult:
            return results(resultSuffix);
        case v1::Record::BODY_NOT_SET:
            break;
    }
    return batches();
}

std::vector<std::string> Topics::outgoing() const {
    std::vector<std::string> filters;
    for (const auto* below :
         {"readings/#", "events/#", "results/#", "batches", "status", "devices/+"}) {
        filters.push_back(fmt::format("{}/{}", root_, below));
    }
    return filters;
}

std::optional<std::string> Topics::below(std::string_view topic) const {
    if (topic.size() <= root_.size() + 1 || !topic.starts_with(root_)) return std::nullopt;
    if (topic[root_.size()] != '/') return std::nullopt;
    return std::string{topic.substr(root_.size() + 1)};
}

Result<std::string> Topics::resultSuffix(std::string_view responseTopic) const {
    const auto under = root_ + "/results";
    if (responseTopic.empty() || responseTopic == under) return std::string{};
    if (!responseTopic.starts_with(under + "/") || !isTopic(responseTopic)) {
        return fail(ErrorKind::refused, "the response topic must lie below {}/", under);
    }
    return std::string{responseTopic.substr(under.size() + 1)};
}

}  // namespace vitalgate::uplink
