#include "adapters/simulator/model.hpp"

namespace vitalgate::simulator {

namespace {

const Uuid kService{0x1810};
const Uuid kMeasurement{0x2a35};
const Uuid kFeature{0x2a49};

/// Body movement, cuff fit, irregular pulse, pulse range and position are detected.
constexpr std::uint16_t kFeatures = 0x001f;

/// Blood Pressure Service 1.1, 3.1: the flags of a measurement.
enum Flag : std::uint8_t { kilopascal = 1, time = 2, pulse = 4, user = 8, status = 16 };

class BloodPressure final : public Model {
  public:
    explicit BloodPressure(bool inKilopascal) : inKilopascal_(inKilopascal) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.indicate = true}},
                                        {kFeature, {.read = true}}};
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }
    [[nodiscard]] Uuid measurement() const override { return kMeasurement; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic) const override {
        if (characteristic != kFeature) return Model::read(characteristic);
        return ByteWriter{}.u16(kFeatures).bytes();
    }

    /// A failed measurement has its pulse and status fields too: real cuffs send all of them.
    [[nodiscard]] Bytes encode(const Sample& sample) const override {
        const bool hasPulse = sample.failed || sample.find("pulse") != nullptr;
        int flags = status;
        if (inKilopascal_) flags |= kilopascal;
        if (sample.time) flags |= time;
        if (hasPulse) flags |= pulse;
        if (sample.user) flags |= user;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags));
        for (const auto* name : {"systolic", "diastolic", "mean"}) {
            out.u16(sfloat(sample.get(name)));
        }
        if (sample.time) putDateTime(out, *sample.time);
        if (hasPulse) out.u16(sfloat(sample.get("pulse")));
        if (sample.user) out.u8(*sample.user);
        out.u16(sample.status);
        return out.bytes();
    }

  private:
    bool inKilopascal_;
};

}  // namespace

std::unique_ptr<Model> makeBloodPressure(const DeviceSettings& settings) {
    return std::make_unique<BloodPressure>(settings.unit == "kPa");
}

}  // namespace vitalgate::simulator
