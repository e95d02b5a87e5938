#pragma once

#include <memory>
#include <string>
#include <vector>

#include "adapters/simulator/gatt.hpp"
#include "adapters/simulator/scenario.hpp"
#include "gateway/dbus/connection.hpp"

namespace vitalgate::simulator::peripheral {

/// Who answers what the other side asks through BlueZ.
class AttributeServer {
  public:
    virtual ~AttributeServer() = default;
    virtual AttResult<Bytes> read(const Characteristic& characteristic) = 0;
    virtual AttResult<void> write(const Characteristic& characteristic, ByteView value) = 0;
    /// The other side has written the Client Characteristic Configuration, and BlueZ has taken it;
    /// or BlueZ has dropped what it kept of it.
    virtual void subscribe(const Characteristic& characteristic, bool on) = 0;
    /// An indication is over: confirmed, or given up (BlueZ says the same of both).
    virtual void confirm(const Characteristic& characteristic) = 0;
};

/// The flags by which BlueZ 5.66 knows a characteristic (src/gatt-database.c, parse_chrc_flags): a
/// protected one is refused by BlueZ itself until the link is as good as the flags ask.
std::vector<std::string> flagWords(const Characteristic& characteristic,
                                   const PairingSettings& pairing);

/// The error that BlueZ 5.66 turns into this one on the air (dbus_error_to_att_ecode), or, where it
/// has no name for it, into 0x0E: everything below 0x80 but 0x02, 0x03, 0x06, 0x08, 0x0D.
dbus::RemoteError toBluez(AttError error);

/// The database of a device as an application for org.bluez.GattManager1.RegisterApplication.
class GattApplication {
  public:
    static inline const std::string kPath = "/vitalgate/gatt";

    /// All must outlive this. The connection has an object manager at kPath.
    GattApplication(dbus::Connection& connection, const Database& database,
                    const PairingSettings& pairing, AttributeServer& server);

    Status serve();
    /// A value goes out to whoever has subscribed.
    void send(const Characteristic& characteristic, const Bytes& value);
    /// BlueZ keeps the subscriptions of a bonded peer that it has removed, and takes them for those
    /// of the next one; a value while nobody is connected makes it drop them.
    void dropSubscriptions();

  private:
    struct Entry {
        const Characteristic* characteristic = nullptr;
        bool notifying = false;
        std::unique_ptr<dbus::ExportedObject> object;
    };

    Status serveService(const Service& service);
    Status serveCharacteristic(const std::string& servicePath, const Characteristic& own);
    std::vector<dbus::Method> methods(Entry& entry);
    void read(const Entry& entry, const dbus::Call& call);
    void write(const Entry& entry, const dbus::Call& call);
    void notify(Entry& entry, bool on, const dbus::Call& call);

    dbus::Connection& connection_;
    const Database& database_;
    const PairingSettings& pairing_;
    AttributeServer& server_;
    std::vector<std::unique_ptr<dbus::ExportedObject>> services_;
    std::vector<std::unique_ptr<Entry>> entries_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace vitalgate::simulator::peripheral
