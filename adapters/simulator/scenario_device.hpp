#pragma once

#include "adapters/simulator/scenario_values.hpp"

namespace vitalgate::simulator {

/// Reads an entry of `devices`: one device, or with `count` a crowd of them, whose names end in
/// their number and whose addresses are drawn from `seed`. Problems go where the reader collects
/// them; what is given back is then not to be used.
std::vector<DeviceSettings> readDevice(MapReader& map, const std::string& name, std::uint64_t seed);

/// Reads `information`: what the device says of itself once and for all.
void readInformation(MapReader& device, Information& out);
/// Reads those keys of `clock` that are told beside it, whatever it shows.
void readLocalTime(MapReader& clock, ClockSettings& out);

struct ModelSpec;

/// Reads what only devices of this model have, besides `measure`.
void readModelKeys(MapReader& device, const ModelSpec& model, DeviceSettings& out);

/// Reads `measure`.
std::vector<Measure> readMeasures(MapReader& device, const ModelSpec& model,
                                  const DeviceSettings& settings);

/// A random static address (Core specification, volume 6, part B, 1.3.2.1), the same for the same
/// seed and name.
BluetoothAddress drawAddress(std::uint64_t seed, std::string_view name);

/// One number a device name, so that devices do not share their draws.
std::uint64_t seedOf(std::uint64_t seed, std::string_view name);

}  // namespace vitalgate::simulator
