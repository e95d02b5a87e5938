#pragma once

#include <cstdint>
#include <expected>
#include <vector>

#include "gateway/base/bytes.hpp"
#include "gateway/base/identifier.hpp"

namespace vitalgate::simulator {

/// Error codes of the Attribute Protocol (Core specification, volume 3, part F, 3.4.1.1).
enum class AttError : std::uint8_t {
    invalidHandle = 0x01,
    readNotPermitted = 0x02,
    writeNotPermitted = 0x03,
    insufficientAuthentication = 0x05,
    requestNotSupported = 0x06,
    invalidLength = 0x0d,
    unlikely = 0x0e,
    applicationRefused = 0x80,
    cccImproperlyConfigured = 0xfd,
    procedureInProgress = 0xfe,
    outOfRange = 0xff,
};

template <class T>
using AttResult = std::expected<T, AttError>;

/// How well a link is protected; in order.
enum class Security { open, encrypted, authenticated };

/// The characteristic properties that our devices use.
struct Flags {
    bool read = false;
    bool write = false;
    bool notify = false;
    bool indicate = false;
};

/// A characteristic: its declaration has `handle`, its value the next handle, the Client
/// Characteristic Configuration, if it notifies or indicates, the one after that.
struct Characteristic {
    Uuid uuid;
    Flags flags;
    std::uint16_t handle = 0;

    [[nodiscard]] bool hasConfiguration() const { return flags.notify || flags.indicate; }
    [[nodiscard]] std::uint16_t configurationHandle() const {
        return static_cast<std::uint16_t>(handle + 2);
    }
};

struct Service {
    Uuid uuid;
    std::uint16_t handle = 0;
    std::vector<Characteristic> characteristics;
};

/// The attribute database of one device, in the order of its handles.
class Database {
  public:
    /// Gives the next free handles.
    void add(Uuid service, std::vector<Characteristic> characteristics);

    [[nodiscard]] const std::vector<Service>& services() const { return services_; }
    /// By the handle of its declaration or by its UUID; null if there is none.
    [[nodiscard]] const Characteristic* find(std::uint16_t handle) const;
    [[nodiscard]] const Characteristic* find(const Uuid& uuid) const;

  private:
    std::vector<Service> services_;
    /// The first handles belong to Generic Access and Generic Attribute, which every device has.
    std::uint16_t next_ = 0x000a;
};

}  // namespace vitalgate::simulator
