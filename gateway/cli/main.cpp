#include "gateway/cli/command_line.hpp"

int main(int argc, char** argv) {
    return vitalgate::cli::run(argc, argv);
}
