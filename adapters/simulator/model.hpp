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
#include "adapters/simulator/output.hpp"
#include "adapters/simulator/record_store.hpp"
#include "adapters/simulator/scenario.hpp"

namespace vitalgate::simulator {

/// What a device has measured, before it is put into octets.
struct Sample {
    std::optional<LocalDateTime> time{};  ///< by the device's clock, if it has one
    std::optional<std::uint8_t> user{};   ///< the device's own number
    std::map<std::string, Number, std::less<>> values{};
    std::uint64_t status = 0;  ///< bits by the model's table
    bool failed = false;
    std::map<std::string, std::vector<Number>, std::less<>> lists{};
    std::map<std::string, std::uint8_t, std::less<>> choices{};  ///< by the model's table
    Duration age{};           ///< of the device, since it was switched on
    bool continuous = false;  ///< one of a stream of values

    /// Null if it was not measured.
    [[nodiscard]] const Number* find(std::string_view name) const;
    /// Not a number if it was not measured, or the measurement failed.
    [[nodiscard]] Number get(std::string_view name) const;
    /// One number counts as a list of one.
    [[nodiscard]] std::vector<Number> list(std::string_view name) const;
    [[nodiscard]] std::optional<std::uint8_t> choice(std::string_view name) const;
};

/// What a model is told along with a request.
struct Request {
    Duration age{};            ///< of the device
    bool isAnswering = false;  ///< an answer of the same control point is still on its way
};

/// One class a kind of device: its services, how it puts a sample into octets, and what its control
/// points answer. Knows nothing of clocks, links or D-Bus; the same models serve whatever carries
/// them.
class Model {
  public:
    virtual ~Model() = default;
    /// Adds the services of this kind; those that every device has are there already. `clock` is
    /// what the measurement service holds besides its own: Date Time, or nothing.
    virtual void describe(Database& database, std::vector<Characteristic> clock) const = 0;
    /// UUIDs of services in the advertisement.
    [[nodiscard]] virtual std::vector<Uuid> advertised() const = 0;
    [[nodiscard]] virtual AttResult<Bytes> read(const Uuid& characteristic, Duration age) const;
    virtual AttResult<Answer> write(const Uuid& characteristic, ByteView value,
                                    const Request& request);

    /// False: it does not measure now (its session was stopped).
    [[nodiscard]] virtual bool measures() const { return true; }
    /// It has measured: what goes out by itself. A model with a store of records keeps it there.
    virtual Outputs measured(const Sample& sample, std::uint64_t number) = 0;
    /// Null: it keeps no records; what cannot be delivered is then the device's to keep.
    [[nodiscard]] virtual RecordStore* records() { return nullptr; }
    /// As after a factory reset: it counts from the beginning, and has no records.
    virtual void reset(Duration age);

    /// Whether the other side may have what was measured of this user.
    [[nodiscard]] virtual bool maySend(std::optional<std::uint8_t>) const { return true; }
    virtual void disconnected() {}
};

/// A number that an entry of `measure` may give.
struct ValueSpec {
    std::string_view name;
    bool required;
    double low;
    double high;
    bool many = false;  ///< a list of them
};

struct StatusSpec {
    std::string_view word;
    std::uint64_t bits;
};

/// One of several words that an entry of `measure` may give.
struct ChoiceWord {
    std::string_view word;
    std::uint8_t value;
};
struct ChoiceSpec {
    std::string_view name;
    std::span<const ChoiceWord> words;
};

/// What the scenario may say about devices of one model.
struct ModelSpec {
    std::string_view word;
    std::span<const ValueSpec> values{};
    std::span<const ChoiceSpec> choices{};
    std::span<const StatusSpec> statuses{};
    std::span<const std::string_view> units{};  ///< the first is the default
    ClockKind clock = ClockKind::none;          ///< unless the scenario says otherwise
    std::size_t memory = 0;
    std::unique_ptr<Model> (*make)(const DeviceSettings&) = nullptr;
};

std::span<const ModelSpec> allModels();
/// Null if there is none of that word.
const ModelSpec* findModel(std::string_view word);

/// Temperature Type (0x2A1D) by its word ("ear"); nothing if there is none.
std::optional<std::uint8_t> temperatureSite(std::string_view word);

ModelSpec bloodPressureSpec();
ModelSpec thermometerSpec();
ModelSpec weightScaleSpec();
ModelSpec heartRateSpec();
ModelSpec glucoseSpec();
ModelSpec continuousGlucoseSpec();
ModelSpec pulseOximeterSpec();

}  // namespace vitalgate::simulator
