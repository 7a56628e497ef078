extension Admission {
    /// Sanitises a drawing, and then rasterises it, or passes the sanitised document on.
    func admitSVG(_ bytes: [UInt8]) throws(ImageGateError) -> AdmittedImage {
        let image = try SVGImage(sanitising: bytes, policy: policy, cancellation: cancellation)
        try cancellation.check()
        switch policy.svg {
        case .sanitise:
            guard image.bytes.count <= policy.byteBudget else { throw .overBudget(limit: policy.byteBudget) }
            return AdmittedImage(
                bytes: image.bytes, type: .svg, width: image.width, height: image.height,
                originalWidth: image.width, originalHeight: image.height, treatment: .passed)
        case .rasterise:
            let image = try image.measured(self)
            let raster = try image.rasterised(policy: policy)
            let bitmap = Bitmap(
                size: PixelSize(width: raster.width, height: raster.height), layout: .rgba, samples: raster.pixels)
            return try thumbnail(
                of: bitmap, originalSize: PixelSize(width: image.width, height: image.height),
                image.isIncomplete ? .rasterisedInPart : .rasterised)
        }
    }
}
