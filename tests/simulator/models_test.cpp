#include "tests/simulator/model_bench.hpp"

using namespace vitalgate;
using namespace vitalgate::simulator;

TEST_CASE("every model describes a database in which handles rise") {
    DeviceSettings all;
    all.enhanced = true;
    all.records.kept = true;
    all.scale.hasComposition = true;
    all.consents = {{1, 1234}};
    all.oximeter.continuous = true;
    all.thermometer.intermediate = 1;
    for (const auto& settings : {DeviceSettings{}, all}) {
        for (const auto& spec : allModels()) {
            Database database;
            spec.make(settings)->describe(database, {});
            std::uint16_t last = 0;
            for (const auto& service : database.services()) {
                CHECK(service.handle > last);
                last = service.handle;
                for (const auto& each : service.characteristics) {
                    CHECK(each.handle > last);
                    last =
                        static_cast<std::uint16_t>(each.handle + (each.hasConfiguration() ? 2 : 1));
                }
            }
        }
    }
}

TEST_CASE("a model that knows no control point permits no write, and reads only what it has") {
    for (const auto& spec : allModels()) {
        const auto model = spec.make(DeviceSettings{});
        CAPTURE(spec.word);
        CHECK(model->write(Uuid{0x2a52}, Bytes{1, 1}, {}).error() == AttError::writeNotPermitted);
        CHECK(model->read(Uuid{0x2a52}, {}).error() == AttError::readNotPermitted);
    }
}
