"""Eight pixels of a row at once, in wide registers: what Numba's own language has no way to say, said in LLVM's."""

# ruff: noqa: ANN401, ARG001 - llvmlite has no types, and Numba reads the names of what is given

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped
from numba.extending import intrinsic

cgutils: Any = untyped
LANES = 8  # pixels at once
BYTE, SHORT, WHOLE, LONG = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64)
FLAGS, REALS = ir.VectorType(ir.IntType(1), LANES), ir.VectorType(ir.FloatType(), LANES)
PIXELS, PAIRS = ir.VectorType(WHOLE, LANES), ir.VectorType(LONG, LANES)
HALVES, QUADS, PRODUCTS = ir.VectorType(SHORT, 2 * LANES), ir.VectorType(SHORT, 4 * LANES), ir.VectorType(WHOLE, 2 * LANES)
POINTERS = ir.VectorType(LONG.as_pointer(), LANES)
BYTES, TRIPLES = ir.VectorType(BYTE, 4 * LANES), ir.VectorType(BYTE, 3 * LANES)
WIDER = [3 * lane + channel for lane in range(LANES) for channel in (0, 1, 2, 2)]  # three bytes a pixel to four, and back
NARROWER = [4 * lane + channel for lane in range(LANES) for channel in range(3)]


def each(kind: Any, value: float) -> Any:
    """Make a vector of the kind with the same number everywhere."""
    return ir.Constant(kind, [value] * kind.count)


def every(builder: Any, value: Any, kind: Any) -> Any:
    """Make a vector of the kind with a value that is known when it runs everywhere."""
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(WHOLE, 0))
    return pick(builder, one, [0] * kind.count)


def pick(builder: Any, value: Any, order: list[int]) -> Any:
    """Make a vector of the numbers of another that `order` counts out."""
    chosen = ir.Constant(ir.VectorType(WHOLE, len(order)), order)
    return builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), chosen)


def load(builder: Any, address: Any, kind: Any, align: int) -> Any:
    """Read a vector of the kind from an address that is a multiple of `align`."""
    return builder.load(builder.inttoptr(address, kind.as_pointer()), align=align)


def store(builder: Any, value: Any, address: Any, align: int) -> None:
    """Write a vector to an address that is a multiple of `align`."""
    builder.store(value, builder.inttoptr(address, value.type.as_pointer()), align=align)


def channels(builder: Any, pixels: Any, odd: bool) -> Any:
    """Take every other byte of packed pixels, from the first or, where `odd`, from the second on -> numbers of sixteen bits."""
    kind = pixels.type
    if odd:
        pixels = builder.lshr(pixels, each(kind, 8))
    shorts = kind.element.width // 16
    bytes_kept = each(kind, sum(0xFF << 16 * place for place in range(shorts)))
    return builder.bitcast(builder.and_(pixels, bytes_kept), ir.VectorType(SHORT, shorts * kind.count))


def put_together(builder: Any, even: Any, odd: Any) -> Any:
    """Undo `channels`: bytes (16) and (16) -> packed pixels (8)."""
    return builder.or_(builder.bitcast(even, PIXELS), builder.shl(builder.bitcast(odd, PIXELS), each(PIXELS, 8)))


def spread(builder: Any, value: Any, kind: Any) -> Any:
    """Write each number of sixteen bits (8) as often as fills a vector of the kind."""
    both = builder.or_(value, builder.shl(value, each(PIXELS, 16)))
    if kind is QUADS:
        long = builder.zext(both, PAIRS)
        both = builder.or_(long, builder.shl(long, each(PAIRS, 32)))
    return builder.bitcast(both, kind)


def between(builder: Any, above: Any, below: Any, across: Any, down: Any) -> Any:
    """Read between four pixels, eight times: packed pixels beside each other, above and below, at shares of 256 -> packed pixels (8)."""
    down = spread(builder, down, QUADS)
    right = spread(builder, builder.shl(across, each(PIXELS, 8)), HALVES)
    left = builder.sub(each(HALVES, 0xFFFF), right)
    found = []
    for odd in (False, True):
        high, low = channels(builder, above, odd), channels(builder, below, odd)
        # What is less than nothing on the way comes right again: sixteen bits hold all that a byte times 256 can be.
        apart = builder.mul(builder.sub(low, high), down)
        column = builder.bitcast(builder.add(builder.shl(high, each(QUADS, 8)), apart), PAIRS)
        sides = builder.trunc(column, PIXELS), builder.trunc(builder.lshr(column, each(PAIRS, 32)), PIXELS)
        total = each(HALVES, 128)
        for side, share in zip(sides, (left, right), strict=True):
            wide = builder.mul(builder.zext(builder.bitcast(side, HALVES), PRODUCTS), builder.zext(share, PRODUCTS))
            total = builder.add(total, builder.trunc(builder.lshr(wide, each(PRODUCTS, 16)), HALVES))
        found.append(builder.lshr(total, each(HALVES, 8)))
    return put_together(builder, *found)


def covering(builder: Any, colour: Any, under: Any, share: Any) -> Any:
    """Lay packed pixels (8) over others by a share of 255 -> packed pixels (8)."""
    near = spread(builder, share, HALVES)
    far = builder.sub(each(HALVES, 255), near)
    found = []
    for odd in (False, True):
        one, other = channels(builder, colour, odd), channels(builder, under, odd)
        total = builder.add(builder.add(builder.mul(one, near), builder.mul(other, far)), each(HALVES, 128))
        # To divide by 255 and round.
        found.append(builder.lshr(builder.add(total, builder.lshr(total, each(HALVES, 8))), each(HALVES, 8)))
    return put_together(builder, *found)


def lit(builder: Any, colour: Any, bright: Any) -> Any:
    """Multiply packed pixels (8), all but their fourth byte, by factors (8) -> packed pixels (8)."""
    result = builder.and_(colour, each(PIXELS, 0xFF000000))
    for place in (0, 8, 16):
        byte = builder.and_(builder.lshr(colour, each(PIXELS, place)), each(PIXELS, 255))
        value = builder.fptosi(builder.fadd(builder.fmul(builder.sitofp(byte, REALS), bright), each(REALS, 0.5)), PIXELS)
        result = builder.or_(result, builder.shl(held(builder, value, each(PIXELS, 255)), each(PIXELS, place)))
    return result


def gathered(builder: Any, addresses: Any, where: Any) -> Any:
    """Read two packed pixels that lie beside each other from each of eight addresses, where `where` (8) says so."""
    kind = ir.FunctionType(PAIRS, [POINTERS, WHOLE, FLAGS, PAIRS])
    gather = cgutils.get_or_insert_function(builder.module, kind, "llvm.masked.gather.v8i64.v8p0")
    return builder.call(gather, [builder.inttoptr(addresses, POINTERS), ir.Constant(WHOLE, 4), where, each(PAIRS, 0)])


def held(builder: Any, value: Any, most: Any) -> Any:
    """Hold whole numbers (8) between nought and the most (8) that they may be."""
    value = builder.select(builder.icmp_signed("<", value, each(PIXELS, 0)), each(PIXELS, 0), value)
    return builder.select(builder.icmp_signed(">", value, most), most, value)


def draw_eight(
    _: Any,
    at: Any,
    place: Any,
    step: Any,
    most: Any,
    depth: Any,
    light: Any,
    lanes: Any,
    twice: Any,
    least: Any,
    soft: Any,
    plain: Any,
) -> Any:
    """Draw up to eight pixels of a row of a triangle wherever they are nearer than what is there.

    `at`: the addresses of the first one's depth and colour, of the texture, and the texture's bytes a row. `place`: where in the texture
    the first one lies, `step` how far on the next, `most` the last place that may be read, across and down in 1/65536 pixels. `depth` and
    `light`: the first one's and the step. `lanes`: from and up to which of the eight are drawn; all eight must lie within the picture.
    `twice`: by how much something must be nearer. `least`: the share of 255, the texture's fourth byte, from which on something shows.
    `soft`: whether it covers by that share. `plain`: whether no light is to be reckoned.
    """
    several: Any = types.UniTuple
    whole, real = several(types.int32, 2), several(types.float32, 2)
    given = several(types.uint64, 4), whole, whole, whole, real, real, whole, types.float32, types.int32, types.boolean, types.boolean
    return types.int32(*given), build


def build(_: Any, builder: Any, __: Any, given: Any) -> Any:
    """Say in LLVM's language what `draw_eight` does with what it is given -> nought."""
    at, place, step, most, depth_line, light_line, lanes = (cgutils.unpack_tuple(builder, value) for value in given[:7])
    twice, least, soft, plain = given[7:]
    depths_at, canvas_at, texture_at, stride = at
    number, counted = ir.Constant(PIXELS, list(range(LANES))), ir.Constant(REALS, [float(lane) for lane in range(LANES)])

    def line(start: Any, slope: Any) -> Any:
        return builder.fadd(every(builder, start, REALS), builder.fmul(every(builder, slope, REALS), counted))

    depth, behind = line(*depth_line), load(builder, depths_at, REALS, 4)
    drawn = builder.fcmp_ordered("<", builder.fadd(depth, every(builder, twice, REALS)), behind)
    drawn = builder.and_(drawn, builder.icmp_signed(">=", number, every(builder, lanes[0], PIXELS)))
    drawn = builder.and_(drawn, builder.icmp_signed("<", number, every(builder, lanes[1], PIXELS)))
    with builder.if_then(builder.icmp_unsigned("!=", builder.bitcast(drawn, BYTE), ir.Constant(BYTE, 0))):
        across, down = (
            held(builder, builder.add(every(builder, start, PIXELS), builder.mul(every(builder, way, PIXELS), number)), end)
            for start, way, end in zip(place, step, (every(builder, end, PIXELS) for end in most), strict=True)
        )
        row = builder.mul(builder.lshr(down, each(PIXELS, 16)), every(builder, builder.trunc(stride, WHOLE), PIXELS))
        offset = builder.add(row, builder.shl(builder.lshr(across, each(PIXELS, 16)), each(PIXELS, 2)))
        above = builder.add(builder.zext(offset, PAIRS), every(builder, texture_at, PAIRS))
        below = builder.add(above, every(builder, stride, PAIRS))
        shares = [builder.and_(builder.lshr(along, each(PIXELS, 8)), each(PIXELS, 255)) for along in (across, down)]
        colour = between(builder, *(gathered(builder, address, drawn) for address in (above, below)), *shares)
        share = builder.lshr(colour, each(PIXELS, 24))
        drawn = builder.and_(drawn, builder.icmp_unsigned(">=", share, every(builder, least, PIXELS)))
        store(builder, builder.select(drawn, depth, behind), depths_at, 4)
        kept = cgutils.alloca_once_value(builder, colour)
        with builder.if_then(builder.not_(plain)):
            builder.store(lit(builder, colour, line(*light_line)), kept)
        under = builder.bitcast(pick(builder, load(builder, canvas_at, TRIPLES, 1), WIDER), PIXELS)
        with builder.if_then(soft):
            builder.store(covering(builder, builder.load(kept), under, share), kept)
        shown = builder.bitcast(builder.select(drawn, builder.load(kept), under), BYTES)
        store(builder, pick(builder, shown, NARROWER), canvas_at, 1)
    return ir.Constant(WHOLE, 0)


eight_pixels: Any = intrinsic(draw_eight)
