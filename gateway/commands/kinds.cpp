#include "gateway/commands/kinds.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::commands {

namespace {

constexpr bool kHub = true;
constexpr bool kDevice = false;
constexpr bool kReads = true;
constexpr bool kActs = false;
constexpr bool kOwn = true;

/// The kinds of vitalgate.v1.Command, in the order of their numbers.
constexpr std::array kKinds{
    Kind{"get-status", kHub, kReads},
    Kind{"list-devices", kHub, kReads},
    Kind{"describe-device", kDevice, kReads},
    Kind{"scan", kHub, kActs},
    Kind{"open-pairing-window", kHub, kActs},
    Kind{"pair", kHub, kActs},
    Kind{"forget-device", kDevice, kActs, kOwn},
    Kind{"rename", kDevice, kActs},
    Kind{"assign-subject", kDevice, kActs},
    Kind{"enable-device", kDevice, kActs},
    Kind{"disable-device", kDevice, kActs},
    Kind{"read-characteristic", kDevice, kReads},
    Kind{"write-characteristic", kDevice, kActs, kOwn},
    Kind{"read-battery", kDevice, kReads},
    Kind{"set-clock", kDevice, kActs},
    Kind{"fetch-records", kDevice, kActs},
    Kind{"clear-records", kDevice, kActs, kOwn},
    Kind{"start-measurement", kDevice, kActs},
    Kind{"stop-measurement", kDevice, kActs},
    Kind{"reset-energy", kDevice, kActs},
    Kind{"control-fitness", kDevice, kActs, kOwn},
    Kind{"calibrate", kDevice, kActs, kOwn},
    Kind{"set-alert-limit", kDevice, kActs, kOwn},
    Kind{"set-interval", kDevice, kActs},
    Kind{"identify", kDevice, kActs},
    Kind{"replay", kHub, kActs},
    Kind{"set-log-level", kHub, kActs},
    Kind{"get-diagnostics", kHub, kReads},
    Kind{"reload-config", kHub, kActs},
    Kind{"restart", kHub, kActs},
};

}  // namespace

const Kind* findKind(std::string_view word) {
    const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                     [word](const Kind& kind) { return kind.word == word; });
    return found == kKinds.end() ? nullptr : found;
}

std::string kindWord(const v1::Command& command) {
    const auto* oneof = v1::Command::descriptor()->FindOneofByName("kind");
    const auto* field = command.GetReflection()->GetOneofFieldDescriptor(command, oneof);
    if (field == nullptr) return {};
    std::string word = field->name();
    std::replace(word.begin(), word.end(), '_', '-');
    return word;
}

bool isNeverNumber(int fieldNumber) {
    return v1::Command::descriptor()->IsReservedNumber(fieldNumber);
}

}  // namespace vitalgate::commands
