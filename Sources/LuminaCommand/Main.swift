import ArgumentParser

@main
struct LuminaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "lumina")
}
