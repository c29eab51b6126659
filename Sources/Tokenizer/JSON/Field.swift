// SPDX-License-Identifier: Apache-2.0

/// A value of a small section together with its name, so that each complaint says where it is.
struct Field {
    let path: String
    let name: String
    let value: JSONValue

    /// A complaint about this field.
    func invalid(_ problem: String) -> TokenizerError {
        .invalidField(path: path, field: name, problem: problem)
    }

    /// A refusal of what this field asks for.
    func unsupported(_ found: String, supported: String) -> TokenizerError {
        .unsupported(path: path, field: name, found: found, supported: supported)
    }

    var isNull: Bool {
        if case .null = value { return true }
        return false
    }

    /// A member, or null where it is missing.
    ///
    /// Throws where this field is no object.
    func member(_ key: String) throws(TokenizerError) -> Field {
        guard case .object(let members) = value else { throw invalid("is not an object") }
        let found = members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value ?? .null
        return Field(path: path, name: "\(name).\(key)", value: found)
    }

    func elements() throws(TokenizerError) -> [Field] {
        guard case .array(let values) = value else { throw invalid("is not a list") }
        return values.enumerated().map { Field(path: path, name: "\(name)[\($0.offset)]", value: $0.element) }
    }

    func members() throws(TokenizerError) -> [(key: String, field: Field)] {
        guard case .object(let members) = value else { throw invalid("is not an object") }
        return members.map { ($0.key, Field(path: path, name: "\(name).\($0.key)", value: $0.value)) }
    }

    func string() throws(TokenizerError) -> String {
        guard case .string(let text) = value else { throw invalid("is not a string") }
        return text
    }

    func bool() throws(TokenizerError) -> Bool {
        guard case .bool(let flag) = value else { throw invalid("is not true or false") }
        return flag
    }

    /// A flag that may be left out.
    func bool(ifMissing standard: Bool) throws(TokenizerError) -> Bool {
        isNull ? standard : try bool()
    }

    func integer() throws(TokenizerError) -> Int {
        guard case .integer(let number) = value else { throw invalid("is not an integer") }
        return number
    }

    /// The `type` that every step of a tokenizer.json carries.
    func type() throws(TokenizerError) -> String {
        try member("type").string()
    }
}
