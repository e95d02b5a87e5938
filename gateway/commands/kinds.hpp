#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vitalgate/v1/command.pb.h"

namespace vitalgate::commands {

/// How a kind of command is treated before anybody runs it.
struct Kind {
    std::string_view word;
    bool forHub = false;  ///< Command.device must be empty; else it must name a device
    /// Changes nothing: may be run without trusted time, and its failure leaves nothing uncertain.
    bool onlyReads = false;
    /// "all" in an allow-list does not include it: it must be named.
    bool ownPermission = false;
};

/// The row of that word; nothing if this version does not know it.
const Kind* findKind(std::string_view word);

/// The word of the kind that is set ("get-status"); empty if none is set or none that is known.
std::string kindWord(const v1::Command& command);

/// True for a kind number that the contract keeps free for ever: acts that no hub may do.
bool isNeverNumber(int fieldNumber);

}  // namespace vitalgate::commands
