import Runtime

/// Style, script and pictures of the sample site.
enum SampleStatics {
    static let style = """
        :root{color-scheme:light;--ink:#20302f;--sea:#0c6b68;--sand:#f5f1ea;font:16px/1.55 Georgia,"Noto Serif",serif}
        *{box-sizing:border-box}body{margin:0;background:#fffdf9;color:var(--ink)}a{color:inherit;text-decoration:none}
        header,main,footer{max-width:1080px;margin:auto;padding:18px 24px}
        header{display:flex;flex-wrap:wrap;gap:10px 26px;align-items:center;justify-content:space-between}
        .logo{display:flex;gap:10px;align-items:center;font-size:20px}
        nav{display:flex;flex-wrap:wrap;gap:6px 20px;font:14px system-ui,sans-serif}nav a:hover{color:var(--sea)}
        h1{font-size:40px;line-height:1.15;font-weight:400;margin:12px 0}h2{font-size:22px;font-weight:400;margin:40px 0 14px}
        .hero{padding:64px 40px;background:var(--sand);border-radius:16px}
        .go,button{display:inline-block;padding:10px 20px;border:0;border-radius:999px;background:var(--sea);color:#fff;font:15px system-ui,sans-serif}
        .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:24px}
        .card{display:grid;gap:3px}.card img{width:100%;height:auto;border-radius:12px;background:var(--sand)}
        .card span,.crumb{color:#6b7776;font:14px system-ui,sans-serif}.card:hover b{color:var(--sea)}
        .product{display:grid;grid-template-columns:repeat(auto-fit,minmax(280px,1fr));gap:40px}
        .product img{width:100%;height:auto;border-radius:16px;background:var(--sand)}.price{font-size:24px}
        .news{padding:0;list-style:none;font-size:19px}.news li{padding:10px 0;border-bottom:1px solid #e8e2d8}
        input{padding:9px 12px;border:1px solid #cfc8bb;border-radius:8px;font:inherit}label{display:block;margin:10px 0}
        footer{margin-top:60px;color:#8a9392;font:13px system-ui,sans-serif}
        """

    static let script = """
        const badge=document.querySelector('#cart');
        fetch('/api/cart').then(r=>r.ok?r.json():null).then(c=>{if(c&&badge)badge.textContent=c.items||''}).catch(()=>{});
        """

    static let logo = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28"><circle cx="14" cy="14" r="14" fill="#0c6b68"/>\
        <path d="M4 15q5-5 10 0t10 0M4 20q5-5 10 0t10 0" fill="none" stroke="#fff" stroke-width="2"/></svg>
        """

    /// A picture for a product: paper hills, different for each name, 8 to 40 KB.
    static func picture(_ slug: String) -> [UInt8] {
        var hash: UInt64 = 1469
        for byte in slug.utf8 { hash = hash &* 31 &+ UInt64(byte) }
        var random = Random(seed: hash)
        let hue = random.below(360)
        var svg = Array(
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 480 360"><rect width="480" height="360" fill="hsl(\(hue) 30% 92%)"/>\
            <circle cx="\(120 + random.below(240))" cy="\(80 + random.below(80))" r="\(28 + random.below(30))" fill="hsl(\((hue + 40) % 360) 60% 78%)"/>

            """.utf8)
        let points = 60 + random.below(260)
        for layer in 0..<5 {
            var height = 150 + layer * 42
            svg +=
                "<path fill=\"hsl(\((hue + layer * 7) % 360) \(24 + layer * 5)% \(78 - layer * 12)%)\" d=\"M0 360".utf8
            for point in 0...points {
                height = max(90, min(350, height + random.below(13) - 6))
                svg += "L\(480 * point / points) \(height)".utf8
            }
            svg += "L480 360z\"/>\n".utf8
        }
        svg += "</svg>\n".utf8
        return svg
    }

    /// The catalogue as text, about 400 KB: something to download.
    static func catalogueText(_ catalogue: SampleCatalogue) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(420_000)
        for edition in 1...30 {
            for product in catalogue.products {
                text +=
                    "\(edition)\t\(product.slug)\t\(product.name)\t\(product.category)\t\(product.material)\t\(product.price)\n"
                    .utf8
            }
        }
        return text
    }
}
