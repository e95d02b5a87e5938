#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <string>

namespace vitalgate::store::testing {

/// Works on a closed store file behind the store's back. Gives the first value of the first row.
inline std::string raw(const std::string& path, const std::string& sql) {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    std::string value;
    const auto keep = [](void* out, int count, char** values, char**) {
        auto& text = *static_cast<std::string*>(out);
        if (count > 0 && text.empty() && values[0] != nullptr) text = values[0];
        return 0;
    };
    char* error = nullptr;
    const int code = sqlite3_exec(database, sql.c_str(), keep, &value, &error);
    const std::string text = error != nullptr ? error : "";
    CAPTURE(text);
    REQUIRE(code == SQLITE_OK);
    sqlite3_free(error);
    sqlite3_close(database);
    return value;
}

}  // namespace vitalgate::store::testing
