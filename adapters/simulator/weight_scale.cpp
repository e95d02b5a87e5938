#include "adapters/simulator/model.hpp"

namespace vitalgate::simulator {

namespace {

const Uuid kService{0x181d};
const Uuid kMeasurement{0x2a9d};
const Uuid kFeature{0x2a9e};

/// Time stamps, several users, body mass index; 0.005 kg or 0.01 lb (code 7), 0.001 m or 0.1 in
/// (code 3).
constexpr std::uint32_t kFeatures = 0x07U | 7U << 3 | 3U << 7;

/// Weight Scale Service 1.0, 3.2.1: the flags of a measurement, and the value that says that it
/// was not successful.
enum Flag : std::uint8_t { imperial = 1, time = 2, user = 4, bodyMassIndex = 8 };
constexpr std::uint16_t kUnsuccessful = 0xffff;

class WeightScale final : public Model {
  public:
    explicit WeightScale(bool inPounds) : inPounds_(inPounds) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kFeature, {.read = true}},
                                        {kMeasurement, {.indicate = true}}};
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }
    [[nodiscard]] Uuid measurement() const override { return kMeasurement; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic) const override {
        if (characteristic != kFeature) return Model::read(characteristic);
        return ByteWriter{}.u32(kFeatures).bytes();
    }

    [[nodiscard]] Bytes encode(const Sample& sample) const override {
        const auto* index = sample.find("bmi");
        const auto* height = sample.find("height");
        const bool hasIndex = index && height && !sample.failed;
        int flags = 0;
        if (inPounds_) flags |= imperial;
        if (sample.time) flags |= time;
        if (sample.user) flags |= user;
        if (hasIndex) flags |= bodyMassIndex;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags)).u16(weight(sample.get("weight")));
        if (sample.time) putDateTime(out, *sample.time);
        if (sample.user) out.u8(*sample.user);
        if (hasIndex) {
            out.u16(scaled16(index->value, 0.1));
            out.u16(scaled16(height->value, inPounds_ ? 0.1 : 0.001));
        }
        return out.bytes();
    }

  private:
    [[nodiscard]] std::uint16_t weight(const Number& number) const {
        if (number.special != Special::none) return kUnsuccessful;
        return scaled16(number.value, inPounds_ ? 0.01 : 0.005);
    }

    bool inPounds_;
};

}  // namespace

std::unique_ptr<Model> makeWeightScale(const DeviceSettings& settings) {
    return std::make_unique<WeightScale>(settings.unit == "lb");
}

}  // namespace vitalgate::simulator
