#include "adapters/simulator/model.hpp"

namespace vitalgate::simulator {

namespace {

const Uuid kService{0x180d};
const Uuid kMeasurement{0x2a37};
const Uuid kLocation{0x2a38};
const Uuid kControlPoint{0x2a39};

constexpr std::uint8_t kChest = 1;
constexpr std::uint8_t kResetEnergy = 1;
constexpr auto kControlPointNotSupported = AttError::applicationRefused;

/// Heart Rate Service 1.0, 3.1.1: the flags of a measurement; bits 1 and 2 come from the status.
enum Flag : std::uint8_t { wideRate = 1, contactSupported = 4, energy = 8, interval = 16 };

class HeartRate final : public Model {
  public:
    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.notify = true}},
                                        {kLocation, {.read = true}},
                                        {kControlPoint, {.write = true}}};
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }
    [[nodiscard]] Uuid measurement() const override { return kMeasurement; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic) const override {
        if (characteristic != kLocation) return Model::read(characteristic);
        return Bytes{kChest};
    }

    AttResult<void> write(const Uuid& characteristic, ByteView value) override {
        if (characteristic != kControlPoint) return Model::write(characteristic, value);
        if (value.size() != 1) return std::unexpected(AttError::invalidLength);
        if (value[0] != kResetEnergy) return std::unexpected(kControlPointNotSupported);
        return {};
    }

    /// A strap that has lost the skin says so and gives a rate of zero.
    [[nodiscard]] Bytes encode(const Sample& sample) const override {
        const auto rate = sample.failed ? std::uint16_t{0} : scaled16(sample.get("rate").value, 1);
        const auto* burnt = sample.find("energy");
        const auto* distance = sample.failed ? nullptr : sample.find("interval");
        int flags = sample.failed ? int{contactSupported} : int{sample.status};
        if (rate > 255) flags |= wideRate;
        if (burnt) flags |= energy;
        if (distance) flags |= interval;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags));
        if (rate > 255) {
            out.u16(rate);
        } else {
            out.u8(static_cast<std::uint8_t>(rate));
        }
        if (burnt) out.u16(scaled16(burnt->value, 1));
        if (distance) out.u16(scaled16(distance->value, 1000.0 / 1024.0));
        return out.bytes();
    }
};

}  // namespace

std::unique_ptr<Model> makeHeartRate(const DeviceSettings&) {
    return std::make_unique<HeartRate>();
}

}  // namespace vitalgate::simulator
