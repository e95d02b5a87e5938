#include "adapters/simulator/model.hpp"

#include <algorithm>
#include <array>

namespace vitalgate::simulator {

namespace {

/// Only advertises.
class Advertiser final : public Model {
  public:
    void describe(Database&, std::vector<Characteristic>) const override {}
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {}; }
    Outputs measured(const Sample&, std::uint64_t) override { return {}; }
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
    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        for (const auto& service : services_) {
            const auto found = service.values.find(characteristic);
            if (found != service.values.end()) return found->second;
        }
        return Model::read(characteristic, age);
    }
    Outputs measured(const Sample&, std::uint64_t) override { return {}; }

  private:
    std::vector<ReplayService> services_;
};

std::unique_ptr<Model> makeAdvertiser(const DeviceSettings&) {
    return std::make_unique<Advertiser>();
}

std::unique_ptr<Model> makeReplay(const DeviceSettings& settings) {
    return std::make_unique<Replay>(settings.services);
}

}  // namespace

const Number* Sample::find(std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
}

Number Sample::get(std::string_view name) const {
    const auto* number = find(name);
    return failed || !number ? kNotANumber : *number;
}

std::vector<Number> Sample::list(std::string_view name) const {
    const auto found = lists.find(name);
    if (found != lists.end()) return found->second;
    const auto* number = find(name);
    return number ? std::vector{*number} : std::vector<Number>{};
}

std::optional<std::uint8_t> Sample::choice(std::string_view name) const {
    const auto found = choices.find(name);
    return found == choices.end() ? std::nullopt : std::optional(found->second);
}

AttResult<Bytes> Model::read(const Uuid&, Duration) const {
    return std::unexpected(AttError::readNotPermitted);
}

AttResult<Answer> Model::write(const Uuid&, ByteView, const Request&) {
    return std::unexpected(AttError::writeNotPermitted);
}

void Model::reset(Duration) {
    if (auto* store = records()) store->clear("reset");
}

std::span<const ModelSpec> allModels() {
    static const std::array kModels{
        bloodPressureSpec(),
        thermometerSpec(),
        weightScaleSpec(),
        heartRateSpec(),
        glucoseSpec(),
        continuousGlucoseSpec(),
        pulseOximeterSpec(),
        ModelSpec{.word = "advertiser", .make = makeAdvertiser},
        ModelSpec{.word = "replay", .memory = 1000, .make = makeReplay},
    };
    return kModels;
}

const ModelSpec* findModel(std::string_view word) {
    const auto models = allModels();
    const auto found = std::ranges::find(models, word, &ModelSpec::word);
    return found == models.end() ? nullptr : &*found;
}

}  // namespace vitalgate::simulator
