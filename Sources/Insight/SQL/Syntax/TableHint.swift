/// `table /*+ OPTIONS('key' = 'value', …) */`: the table with other options than it was declared with.
public struct TableHint: Hashable, Sendable {
    /// The table as it was declared.
    public var table: ObjectName
    /// What the query calls the table with these options.
    public var name: String
    public var options: [String: String]

    init(table: Name, options: [String: String]) {
        self.table = ObjectName(text: table.text, position: table.position)
        self.options = options
        let list = options.sorted { $0.key < $1.key }.map { "'\($0)' = '\($1)'" }
        name = "\(table.text) /*+ OPTIONS(\(list.joined(separator: ", "))) */"
    }

    /// The table as a declaration of its own: what was declared, with the hint's options in place of those of their names.
    /// One that nobody declared is the topic of its name.
    public func declaration(over declared: TableDeclaration?) -> TableDeclaration {
        var made = declared ?? TableDeclaration(name: name, fields: [], watermarkDelay: 0, options: [:])
        made.name = name
        made.options.merge(options) { $1 }
        if !["connector", "path", "topic"].contains(where: { made.options[$0] != nil }) {
            made.options["topic"] = table.text
        }
        // What is made up goes by the table's name, where no option gives another.
        if made.options["connector"] == "nexmark", made.options["table"] == nil { made.options["table"] = table.text }
        return made
    }
}
