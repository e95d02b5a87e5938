#include "adapters/simulator/model.hpp"

namespace vitalgate::simulator {

namespace {

const Uuid kService{0x1809};
const Uuid kMeasurement{0x2a1c};
const Uuid kType{0x2a1d};

/// Health Thermometer Service 1.0, 3.1.1: the flags of a measurement.
enum Flag : std::uint8_t { fahrenheit = 1, time = 2, type = 4 };

class Thermometer final : public Model {
  public:
    Thermometer(bool inFahrenheit, std::optional<std::uint8_t> site)
        : inFahrenheit_(inFahrenheit), site_(site) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.indicate = true}}};
        if (site_) all.push_back({kType, {.read = true}});
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }
    [[nodiscard]] Uuid measurement() const override { return kMeasurement; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic) const override {
        if (characteristic != kType || !site_) return Model::read(characteristic);
        return Bytes{*site_};
    }

    [[nodiscard]] Bytes encode(const Sample& sample) const override {
        int flags = 0;
        if (inFahrenheit_) flags |= fahrenheit;
        if (sample.time) flags |= time;
        if (site_) flags |= type;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags)).u32(float32(sample.get("temperature")));
        if (sample.time) putDateTime(out, *sample.time);
        if (site_) out.u8(*site_);
        return out.bytes();
    }

  private:
    bool inFahrenheit_;
    std::optional<std::uint8_t> site_;
};

}  // namespace

std::unique_ptr<Model> makeThermometer(const DeviceSettings& settings) {
    return std::make_unique<Thermometer>(settings.unit == "degF", settings.site);
}

}  // namespace vitalgate::simulator
