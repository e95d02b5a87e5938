#include "gateway/commands/refusal_report.hpp"

#include <fmt/format.h>

#include "gateway/base/words.hpp"

namespace vitalgate::commands {

namespace {

/// Somebody without a valid key tried: worth a look at once.
bool isForgery(v1::CommandRefusal refusal) {
    return refusal == v1::REFUSAL_UNSIGNED || refusal == v1::REFUSAL_UNKNOWN_KEY ||
           refusal == v1::REFUSAL_BAD_SIGNATURE || refusal == v1::REFUSAL_RETAINED ||
           refusal == v1::REFUSAL_ID_REUSED;
}

std::string sentence(v1::CommandRefusal refusal, std::uint32_t times) {
    const auto word = enumWord(v1::CommandRefusal_Name(refusal), "REFUSAL_");
    return times == 1 ? fmt::format("command refused: {}", word)
                      : fmt::format("{} commands refused: {}", times, word);
}

}  // namespace

void RefusalReport::refused(v1::CommandRefusal refusal, const std::string& uplink,
                            const std::string& keyId, const std::string& commandId) {
    ++total_;
    const auto [place, isFirst] = recent_.try_emplace(refusal);
    auto& recent = place->second;
    ++recent.untold;
    recent.last.set_severity(isForgery(refusal) ? v1::SEVERITY_ALARM : v1::SEVERITY_WARNING);
    recent.last.set_command_id(commandId);
    auto& security = *recent.last.mutable_security();
    security.set_kind(v1::SECURITY_COMMAND_REFUSED);
    security.set_refusal(refusal);
    security.set_key_id(keyId);
    security.set_peer(uplink);
    if (!isFirst) return;
    tell(refusal);
    waitAMinute(refusal);
}

void RefusalReport::waitAMinute(v1::CommandRefusal refusal) {
    recent_[refusal].minute = clock_.after(kReportEvery, [this, refusal] {
        if (recent_[refusal].untold == 0) {
            recent_.erase(refusal);
            return;
        }
        tell(refusal);
        waitAMinute(refusal);
    });
}

void RefusalReport::tell(v1::CommandRefusal refusal) {
    auto& recent = recent_[refusal];
    recent.last.set_text(sentence(refusal, recent.untold));
    recent.last.mutable_security()->set_times(recent.untold);
    recent.untold = 0;
    report_(recent.last);
}

}  // namespace vitalgate::commands
