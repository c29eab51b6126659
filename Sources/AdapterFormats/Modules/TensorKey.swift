// SPDX-License-Identifier: Apache-2.0

/// A tensor's name taken apart into the module it belongs to and what it is there.
///
/// Names look like `base_model.model.layers.0.self_attn.q_proj.lora_A.default.weight`: wrappers, module, role, and in
/// live PEFT models the adapter's name.
package struct TensorKey: Sendable, Equatable {
    /// The module as spelled in the file, wrappers included.
    package let module: String
    /// What the tensor is to the module.
    package let role: TensorRole

    private static let roles: [Substring: TensorRole] = {
        var roles: [Substring: TensorRole] = [:]
        for role in TensorRole.allCases where !role.rawValue.contains(".") { roles[Substring(role.rawValue)] = role }
        roles["lora_down"] = .down
        roles["lora_up"] = .up
        return roles
    }()

    /// Takes a name apart.
    ///
    /// Nil if no part of it names a role.
    package init?(_ name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        // The role is followed by at most an adapter's name and "weight" or "bias".
        for index in parts.indices.reversed().prefix(3) where index > 0 {
            guard let (role, length) = Self.role(at: index, in: parts) else { continue }
            let rest = parts[(index + length)...]
            guard let role = Self.resolve(role, rest: rest) else { return nil }
            self.module = parts[..<index].joined(separator: ".")
            self.role = role
            return
        }
        return nil
    }

    private static func role(at index: Int, in parts: [Substring]) -> (role: TensorRole, length: Int)? {
        if let role = roles[parts[index]] { return (role, 1) }
        // Old diffusers: `to_q.lora.down.weight`.
        guard parts[index] == "lora", index + 1 < parts.count else { return nil }
        switch parts[index + 1] {
        case "down": return (.down, 2)
        case "up": return (.up, 2)
        default: return nil
        }
    }

    private static func resolve(_ role: TensorRole, rest: ArraySlice<Substring>) -> TensorRole? {
        var rest = rest
        let ending = rest.last
        if ending == "weight" || ending == "bias" { rest.removeLast() }
        let mayBearAdapterName = [.down, .up, .magnitude, .rotation].contains(role)
        if mayBearAdapterName, rest.count == 1 { rest.removeLast() }
        guard rest.isEmpty else { return nil }
        guard ending == "bias" else { return role }
        switch role {
        case .down: return .downBias
        case .up: return .upBias
        default: return nil
        }
    }
}
