#pragma once

// The words of BlueZ's D-Bus interfaces (bluez/doc/*-api.txt of 5.66).

namespace vitalgate::bluez {

inline constexpr const char* kBluez = "org.bluez";
inline constexpr const char* kBluezPath = "/org/bluez";
inline constexpr const char* kAdapter1 = "org.bluez.Adapter1";
inline constexpr const char* kDevice1 = "org.bluez.Device1";
inline constexpr const char* kGattService1 = "org.bluez.GattService1";
inline constexpr const char* kGattCharacteristic1 = "org.bluez.GattCharacteristic1";
inline constexpr const char* kAgentManager1 = "org.bluez.AgentManager1";
inline constexpr const char* kAgent1 = "org.bluez.Agent1";
inline constexpr const char* kGattManager1 = "org.bluez.GattManager1";
inline constexpr const char* kGattProfile1 = "org.bluez.GattProfile1";

inline constexpr const char* kBus = "org.freedesktop.DBus";
inline constexpr const char* kBusPath = "/org/freedesktop/DBus";
inline constexpr const char* kObjectManager = "org.freedesktop.DBus.ObjectManager";
inline constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

}  // namespace vitalgate::bluez
