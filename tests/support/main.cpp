#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

namespace {

/// Counts what ran: a filter that selects nothing must not count as a success.
int testCasesRun = 0;

struct CountingListener : doctest::IReporter {
    explicit CountingListener(const doctest::ContextOptions&) {}
    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_run_end(const doctest::TestRunStats&) override {}
    void test_case_start(const doctest::TestCaseData&) override { ++testCasesRun; }
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_end(const doctest::CurrentTestCaseStats&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}
};
REGISTER_LISTENER("counting", 1, CountingListener);

}  // namespace

// Read by the sanitizers; other builds never call them. Nothing of ours is named here.

/// sdbus-c++ 1.2 loses its half-made connection when a bus cannot be reached; the MQTT library
/// forgets messages of its own when a client ends while they are under way.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
    return "leak:sd_bus_new\nleak:libpaho-mqtt3as.so\n";
}

/// The MQTT library is not instrumented: its locks are seen, and order what passes through it, but
/// not what it does between them.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
    return "race:libpaho-mqtt\nmutex:libpaho-mqtt\nmutex:mqtt::\n";
}

int main(int argc, char** argv) {
    doctest::Context context(argc, argv);
    const int result = context.run();
    if (context.shouldExit()) return result;
    if (testCasesRun == 0) {
        std::fputs("no test case matched\n", stderr);
        return 1;
    }
    return result;
}
