#pragma once

#include <asio/awaitable.hpp>
#include <map>
#include <optional>
#include <string>

#include "adapters/adapter.hpp"
#include "adapters/session/assembler.hpp"
#include "adapters/session/bonding_link.hpp"
#include "adapters/session/database.hpp"
#include "adapters/session/gatt_link.hpp"
#include "adapters/session/options.hpp"
#include "gateway/runtime/clock.hpp"
#include "gateway/runtime/log.hpp"
#include "vitalgate/v1/device.pb.h"

namespace vitalgate::session {

/// What is remembered of a device, by name.
using Bookmarks = std::map<std::string, std::string>;

/// What the parts of a conversation share. All of it outlives them.
struct SessionContext {
    GattLink& link;
    BondingLink& calls;
    const Database& database;
    Clock& clock;
    const DeviceSettings& settings;
    const SessionOptions& options;
    const Log& log;
    v1::DeviceDescriptor& descriptor;
};

/// What the parts of a conversation ask of it as a whole, while they wait for the device or have
/// found something out. Outlives them.
class Exchange {
  public:
    virtual ~Exchange() = default;

    /// Keeps a value that arrived meanwhile, as any other. An error ends the conversation.
    virtual asio::awaitable<Status> take(Value value) = 0;
    /// Commits what was gathered and is due, or all of it. An error ends the conversation.
    virtual asio::awaitable<Status> keepDue(bool all) = 0;
    /// How long to wait for the next value: until `end`, or until something gathered is due.
    [[nodiscard]] virtual Duration waitUntil(SteadyTime end) const = 0;

    /// Commits it together with all bookmarks that have changed; nothing if there is neither. An
    /// error ends the conversation.
    virtual asio::awaitable<Status> commit(Append what) = 0;
    /// Why nothing more can be kept, which ends the conversation.
    [[nodiscard]] virtual const std::optional<Error>& broken() const = 0;
    /// The bookmark of that name as last committed; empty if there is none.
    virtual asio::awaitable<Result<std::string>> recallText(std::string name) = 0;

    /// What is known now, for values and for what is made of them.
    [[nodiscard]] virtual AssemblyContext context() const = 0;
    /// Publishes the descriptor as it is now.
    virtual void describe() = 0;
};

}  // namespace vitalgate::session
