#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/base/time.hpp"
#include "vitalgate/v1/vocabulary.pb.h"

namespace vitalgate::session {

/// One characteristic of the connected device. `handle` is the link's own name for it.
struct Characteristic {
    Uuid uuid;
    std::string handle;
    bool canRead = false;
    bool canWrite = false;  ///< with or without response
    bool canNotify = false;
    bool canIndicate = false;
};

struct Service {
    Uuid uuid;
    std::vector<Characteristic> characteristics;
};

using GattDatabase = std::vector<Service>;

/// One notification or indication, as it came off the bus.
struct Value {
    std::string handle;
    Uuid characteristic;
    Bytes bytes;
    Moment received;
};

/// A connected device, as a conversation sees it: BlueZ in life, a script in tests. Every wait has
/// its limit here and ends in one of: a value, ErrorKind::timedOut, ::disconnected, ::refused
/// (::authentication if a better link is asked for, ::unsupported if the device cannot do it),
/// ::cancelled after stop(). One call at a time, as ATT has it. On the loop's thread.
class GattLink {
  public:
    virtual ~GattLink() = default;

    /// Waits until the services are there (the objects, not only the flag) and one of the
    /// `expected` is among them; at the end of the limit what is there is given.
    virtual asio::awaitable<Result<GattDatabase>> discover(std::vector<Uuid> expected,
                                                           Duration limit) = 0;
    virtual asio::awaitable<Result<Bytes>> read(Characteristic characteristic, Duration limit) = 0;
    virtual asio::awaitable<Status> write(Characteristic characteristic, Bytes value,
                                          Duration limit) = 0;
    /// Values may arrive, and are queued, before this returns.
    virtual asio::awaitable<Status> subscribe(Characteristic characteristic, Duration limit) = 0;
    /// The next value of all subscribed characteristics, in order of arrival. After a disconnect
    /// or stop() the values that have arrived still come, also those of characteristics that were
    /// not subscribed yet, then ErrorKind::disconnected or ::cancelled. A limit of zero gives what
    /// has arrived. What the queue cannot take the link counts and its owner reports.
    virtual asio::awaitable<Result<Value>> nextValue(Duration limit) = 0;
    /// Values that the queue could not take.
    [[nodiscard]] virtual std::uint64_t droppedValues() const { return 0; }
    /// Values that have arrived and wait for nextValue().
    [[nodiscard]] virtual std::size_t waitingValues() const { return 0; }
    /// A nextValue() under way ends with ErrorKind::timedOut now: its caller has something else to
    /// do.
    virtual void interrupt() = 0;
    /// Bonds (Device1.Pair) within the policy of the pairing agent.
    virtual asio::awaitable<Status> pair(Duration limit) = 0;
    virtual asio::awaitable<Status> disconnect(Duration limit) = 0;

    /// Ends every wait with ErrorKind::cancelled, now and later; values that have arrived are still
    /// given out first, for the device holds them as delivered.
    virtual void stop() = 0;

    [[nodiscard]] virtual v1::Link security() const = 0;
    [[nodiscard]] virtual std::optional<int> rssiDbm() const = 0;
    [[nodiscard]] virtual std::string adapterName() const = 0;  ///< "hci0"
    /// The name in its advertisements, as it came; empty if it has none.
    [[nodiscard]] virtual std::string advertisedName() const { return {}; }
};

}  // namespace vitalgate::session
