#include "adapters/simulator/model.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::simulator {

namespace {

constexpr double kAnyMantissa = 2045;

constexpr std::array kPressureValues{
    ValueSpec{"systolic", true, 0, kAnyMantissa}, ValueSpec{"diastolic", true, 0, kAnyMantissa},
    ValueSpec{"mean", false, 0, kAnyMantissa}, ValueSpec{"pulse", false, 0, kAnyMantissa}};
/// Blood Pressure Measurement, Measurement Status (Blood Pressure Service 1.1, table 3.3).
constexpr std::array kPressureStatuses{
    StatusSpec{"body-movement", 0x01},     StatusSpec{"cuff-loose", 0x02},
    StatusSpec{"irregular-pulse", 0x04},   StatusSpec{"pulse-above-range", 0x08},
    StatusSpec{"pulse-below-range", 0x10}, StatusSpec{"improper-position", 0x20}};
constexpr std::array<std::string_view, 2> kPressureUnits{"mmHg", "kPa"};

constexpr std::array kTemperatureValues{ValueSpec{"temperature", true, -100, 300}};
constexpr std::array<std::string_view, 2> kTemperatureUnits{"degC", "degF"};

constexpr std::array kWeightValues{ValueSpec{"weight", true, 0, 655.34},
                                   ValueSpec{"bmi", false, 0, 6553.5},
                                   ValueSpec{"height", false, 0, 6553.5}};
constexpr std::array<std::string_view, 2> kWeightUnits{"kg", "lb"};

constexpr std::array kHeartValues{ValueSpec{"rate", true, 0, 65535},
                                  ValueSpec{"energy", false, 0, 65535},
                                  ValueSpec{"interval", false, 0, 63999}};
/// Bits of the Heart Rate Measurement flags that a status word sets.
constexpr std::array kHeartStatuses{StatusSpec{"contact", 0x06}, StatusSpec{"no-contact", 0x04}};

const std::array kModels{
    ModelSpec{"blood-pressure", kPressureValues, kPressureStatuses, kPressureUnits,
              ClockKind::currentTime, 30, makeBloodPressure},
    ModelSpec{"thermometer",
              kTemperatureValues,
              {},
              kTemperatureUnits,
              ClockKind::currentTime,
              30,
              makeThermometer},
    ModelSpec{"weight-scale",
              kWeightValues,
              {},
              kWeightUnits,
              ClockKind::currentTime,
              30,
              makeWeightScale},
    ModelSpec{"heart-rate", kHeartValues, kHeartStatuses, {}, ClockKind::none, 0, makeHeartRate},
    ModelSpec{"advertiser", {}, {}, {}, ClockKind::none, 0, makeAdvertiser},
    ModelSpec{"replay", {}, {}, {}, ClockKind::none, 1000, makeReplay},
};

constexpr std::array<std::string_view, 9> kSites{
    "armpit", "body", "ear", "finger", "gastro-intestinal", "mouth", "rectum", "toe", "tympanum"};

/// Only advertises.
class Advertiser final : public Model {
  public:
    void describe(Database&, std::vector<Characteristic>) const override {}
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {}; }
    [[nodiscard]] Uuid measurement() const override { return Uuid{}; }
    [[nodiscard]] Bytes encode(const Sample&) const override { return {}; }
};

/// Has the services that the scenario gives it; its payloads are sent as they are.
class Replay final : public Model {
  public:
    explicit Replay(std::vector<ReplayService> services) : services_(std::move(services)) {}
    void describe(Database& database, std::vector<Characteristic> clock) const override {
        for (const auto& service : services_) {
            auto characteristics = service.characteristics;
            if (&service == &services_.front()) {
                characteristics.insert(characteristics.end(), clock.begin(), clock.end());
            }
            database.add(service.service, std::move(characteristics));
        }
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override {
        std::vector<Uuid> out;
        for (const auto& service : services_) out.push_back(service.service);
        return out;
    }
    [[nodiscard]] Uuid measurement() const override { return Uuid{}; }
    [[nodiscard]] Bytes encode(const Sample&) const override { return {}; }

  private:
    std::vector<ReplayService> services_;
};

}  // namespace

const Number* Sample::find(std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
}

Number Sample::get(std::string_view name) const {
    const auto* number = find(name);
    return failed || !number ? kNotANumber : *number;
}

AttResult<Bytes> Model::read(const Uuid&) const {
    return std::unexpected(AttError::readNotPermitted);
}

AttResult<void> Model::write(const Uuid&, ByteView) {
    return std::unexpected(AttError::writeNotPermitted);
}

std::span<const ModelSpec> allModels() {
    return kModels;
}

const ModelSpec* findModel(std::string_view word) {
    const auto found = std::ranges::find(kModels, word, &ModelSpec::word);
    return found == kModels.end() ? nullptr : &*found;
}

std::optional<std::uint8_t> temperatureSite(std::string_view word) {
    const auto found = std::ranges::find(kSites, word);
    if (found == kSites.end()) return std::nullopt;
    return static_cast<std::uint8_t>(found - kSites.begin() + 1);
}

std::unique_ptr<Model> makeAdvertiser(const DeviceSettings&) {
    return std::make_unique<Advertiser>();
}

std::unique_ptr<Model> makeReplay(const DeviceSettings& settings) {
    return std::make_unique<Replay>(settings.services);
}

}  // namespace vitalgate::simulator
