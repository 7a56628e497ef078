/// The running sums of one pixel's channels.
protocol BoxPixel {
    associatedtype Sample: ImageSample

    static var channels: Int { get }
    init()
    mutating func add(_ samples: UnsafePointer<Sample>, _ light: UnsafePointer<UInt16>)
    mutating func add(_ other: Self, times weight: Int)
    func store(_ out: UnsafeMutablePointer<Float>)
}

struct GreyPixel<Sample: ImageSample>: BoxPixel {
    static var channels: Int { 1 }
    private var grey = 0

    @inline(__always)
    mutating func add(_ samples: UnsafePointer<Sample>, _ light: UnsafePointer<UInt16>) {
        grey &+= Int(light[Int(samples[0])])
    }

    @inline(__always)
    mutating func add(_ other: Self, times weight: Int) { grey &+= other.grey &* weight }

    @inline(__always)
    func store(_ out: UnsafeMutablePointer<Float>) { out[0] = Float(grey) }
}

struct RGBPixel<Sample: ImageSample>: BoxPixel {
    static var channels: Int { 3 }
    private var red = 0
    private var green = 0
    private var blue = 0

    @inline(__always)
    mutating func add(_ samples: UnsafePointer<Sample>, _ light: UnsafePointer<UInt16>) {
        red &+= Int(light[Int(samples[0])])
        green &+= Int(light[Int(samples[1])])
        blue &+= Int(light[Int(samples[2])])
    }

    @inline(__always)
    mutating func add(_ other: Self, times weight: Int) {
        red &+= other.red &* weight
        green &+= other.green &* weight
        blue &+= other.blue &* weight
    }

    @inline(__always)
    func store(_ out: UnsafeMutablePointer<Float>) {
        out[0] = Float(red)
        out[1] = Float(green)
        out[2] = Float(blue)
    }
}

struct RGBAPixel<Sample: ImageSample>: BoxPixel {
    static var channels: Int { 4 }
    private var red = 0
    private var green = 0
    private var blue = 0
    private var alpha = 0

    @inline(__always)
    mutating func add(_ samples: UnsafePointer<Sample>, _ light: UnsafePointer<UInt16>) {
        let weight = samples[3].alpha
        red &+= Int(light[Int(samples[0])]) &* weight
        green &+= Int(light[Int(samples[1])]) &* weight
        blue &+= Int(light[Int(samples[2])]) &* weight
        alpha &+= weight
    }

    @inline(__always)
    mutating func add(_ other: Self, times weight: Int) {
        red &+= other.red &* weight
        green &+= other.green &* weight
        blue &+= other.blue &* weight
        alpha &+= other.alpha &* weight
    }

    @inline(__always)
    func store(_ out: UnsafeMutablePointer<Float>) {
        out[0] = Float(red)
        out[1] = Float(green)
        out[2] = Float(blue)
        out[3] = Float(alpha)
    }
}
