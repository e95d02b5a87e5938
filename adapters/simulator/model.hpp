#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/simulator/encode.hpp"
#include "adapters/simulator/gatt.hpp"
#include "adapters/simulator/scenario.hpp"

namespace vitalgate::simulator {

/// What a device has measured, before it is put into octets.
struct Sample {
    std::optional<LocalDateTime> time;  ///< by the device's clock, if it has one
    std::optional<std::uint8_t> user;   ///< the device's own number
    std::map<std::string, Number, std::less<>> values;
    std::uint16_t status = 0;  ///< bits by the model's table
    bool failed = false;

    /// Null if it was not measured.
    [[nodiscard]] const Number* find(std::string_view name) const;
    /// Not a number if it was not measured, or the measurement failed.
    [[nodiscard]] Number get(std::string_view name) const;
};

/// One class a kind of device: its services and how it puts a sample into octets. Knows nothing of
/// time, links or D-Bus; the same models serve whatever carries them.
class Model {
  public:
    virtual ~Model() = default;
    /// Adds the services of this kind; those that every device has are there already. `clock` is
    /// what the measurement service holds besides its own: Date Time, or nothing.
    virtual void describe(Database& database, std::vector<Characteristic> clock) const = 0;
    /// UUIDs of services in the advertisement.
    [[nodiscard]] virtual std::vector<Uuid> advertised() const = 0;
    /// Characteristics with constant values (features).
    [[nodiscard]] virtual AttResult<Bytes> read(const Uuid& characteristic) const;
    virtual AttResult<void> write(const Uuid& characteristic, ByteView value);
    /// The characteristic that carries measurements, and the octets of one.
    [[nodiscard]] virtual Uuid measurement() const = 0;
    [[nodiscard]] virtual Bytes encode(const Sample& sample) const = 0;
};

/// A number that an entry of `measure` may give.
struct ValueSpec {
    std::string_view name;
    bool required;
    double low;
    double high;
};

struct StatusSpec {
    std::string_view word;
    std::uint16_t bits;
};

/// What the scenario may say about devices of one model.
struct ModelSpec {
    std::string_view word;
    std::span<const ValueSpec> values;
    std::span<const StatusSpec> statuses;
    std::span<const std::string_view> units;  ///< the first is the default
    ClockKind clock;                          ///< unless the scenario says otherwise
    std::size_t memory;
    std::unique_ptr<Model> (*make)(const DeviceSettings&);
};

std::span<const ModelSpec> allModels();
/// Null if there is none of that word.
const ModelSpec* findModel(std::string_view word);
/// Temperature Type (0x2A1D) by its word ("ear"); nothing if there is none.
std::optional<std::uint8_t> temperatureSite(std::string_view word);

std::unique_ptr<Model> makeBloodPressure(const DeviceSettings& settings);
std::unique_ptr<Model> makeThermometer(const DeviceSettings& settings);
std::unique_ptr<Model> makeWeightScale(const DeviceSettings& settings);
std::unique_ptr<Model> makeHeartRate(const DeviceSettings& settings);
std::unique_ptr<Model> makeAdvertiser(const DeviceSettings& settings);
std::unique_ptr<Model> makeReplay(const DeviceSettings& settings);

}  // namespace vitalgate::simulator
