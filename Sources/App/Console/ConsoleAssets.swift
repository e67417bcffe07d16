/// The files of the console page, embedded in the binary: the page needs no folder and no resource from elsewhere.
public enum ConsoleAssets {
    /// Headers that every asset is to be sent with. Nothing inline, nothing from elsewhere: what hostile paths and
    /// user agents could smuggle into the page would not run.
    public static let securityHeaders: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cache-Control", "no-cache"),
    ]

    private static let files: [String: ConsoleAsset] = {
        let table: [(path: String, content: [UInt8])] = [
            ("index.html", PackageResources.index_html),
            ("console.css", PackageResources.console_css),
            ("icon.svg", PackageResources.icon_svg),
            ("api.js", PackageResources.api_js),
            ("app.js", PackageResources.app_js),
            ("chart.js", PackageResources.chart_js),
            ("controls.js", PackageResources.controls_js),
            ("dom.js", PackageResources.dom_js),
            ("editor.js", PackageResources.editor_js),
            ("format.js", PackageResources.format_js),
            ("joblist.js", PackageResources.joblist_js),
            ("jobpage.js", PackageResources.jobpage_js),
            ("jobs.js", PackageResources.jobs_js),
            ("jobview.js", PackageResources.jobview_js),
            ("layers.js", PackageResources.layers_js),
            ("numbers.js", PackageResources.numbers_js),
            ("output.js", PackageResources.output_js),
            ("plan.js", PackageResources.plan_js),
            ("rates.js", PackageResources.rates_js),
            ("results.js", PackageResources.results_js),
            ("scale.js", PackageResources.scale_js),
            ("series.js", PackageResources.series_js),
            ("sql.js", PackageResources.sql_js),
            ("state.js", PackageResources.state_js),
            ("tail.js", PackageResources.tail_js),
            ("tiles.js", PackageResources.tiles_js),
            ("top.js", PackageResources.top_js),
        ]
        return Dictionary(
            uniqueKeysWithValues: table.map { ($0.path, ConsoleAsset(path: $0.path, content: $0.content)) })
    }()

    /// Paths of all assets, without a leading slash.
    public static var paths: [String] { files.keys.sorted() }

    /// The asset for the path of a request (`/` is the page itself), or nil. `path` is the path alone, without a query.
    public static func asset(_ path: String) -> ConsoleAsset? {
        let name = path.hasPrefix("/") ? String(path.dropFirst()) : path
        return files[name.isEmpty ? "index.html" : name]
    }
}
