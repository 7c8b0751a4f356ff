"""Takes as animated USD (.usda, .usdc): a skinned mesh with blend shapes in the UsdSkel schema. It needs the extra `export`."""

from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import MediaError, MissingExtraError
from thespis.export.mesh import MorphMesh, Movement, movement_of, openhead_mesh
from thespis.export.output import Output, write_error
from thespis.export.take import Take

LEAST = 1e-7  # metres; a shape moves only the points that it moves farther than this


def library() -> Any:  # noqa: ANN401
    """Import OpenUSD."""
    try:
        import pxr
        from pxr import Gf, Sdf, Usd, UsdGeom, UsdShade, UsdSkel, Vt  # noqa: F401 - they become parts of pxr
    except ImportError:
        raise MissingExtraError('USD needs OpenUSD, which is not installed: pip install "thespis[export]"') from None
    return pxr


def paths_of(mesh: MorphMesh) -> list[str]:
    """Name each joint by the way to it: neck, neck/eye_left."""
    paths: list[str] = []
    for joint in mesh.joints:
        paths.append(joint.name if joint.parent < 0 else f"{paths[joint.parent]}/{joint.name}")
    return paths


def write_usd(take: Take, path: Path) -> int:
    """Write a take on OpenHead as .usda or .usdc, by the name of the file, and count the rows."""
    library()
    mesh = openhead_mesh()
    movement = movement_of(take, mesh.names)
    if not len(movement.weights):
        raise MediaError(f"{take.path} holds no rows; there is nothing to animate")
    write_stage(mesh, movement, path)
    return len(movement.weights)


def write_stage(mesh: MorphMesh, movement: Movement, path: Path) -> None:
    """Write a mesh that moves, whole or not at all."""
    pxr = library()
    output = Output(path)
    # USD chooses the kind of file by its suffix.
    temporary = output.temporary.with_suffix(path.suffix.lower())
    try:
        stage = pxr.Usd.Stage.CreateNew(str(temporary))
        fill(pxr, stage, mesh, movement)
        stage.GetRootLayer().Save()
        del stage
        temporary.replace(path)
    except OSError as error:
        raise write_error(error, path) from error
    except pxr.Tf.ErrorException as error:
        raise MediaError(f"cannot write {path}: {' '.join(str(error).split())[:200]} (nothing was written)") from None
    finally:
        temporary.unlink(missing_ok=True)


def fill(pxr: Any, stage: Any, mesh: MorphMesh, movement: Movement) -> None:  # noqa: ANN401
    """Put everything on the stage."""
    usd_geom, usd_skel, vt = pxr.UsdGeom, pxr.UsdSkel, pxr.Vt
    usd_geom.SetStageUpAxis(stage, usd_geom.Tokens.y)
    usd_geom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(float(movement.fps))
    stage.SetFramesPerSecond(float(movement.fps))
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(len(movement.weights) - 1)
    root = usd_skel.Root.Define(stage, "/Head")
    stage.SetDefaultPrim(root.GetPrim())
    shown = define_mesh(pxr, stage, mesh)
    skeleton = define_skeleton(pxr, stage, mesh)
    animation = animate(pxr, stage, mesh, movement)
    usd_skel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    binding = usd_skel.BindingAPI.Apply(shown.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    order = np.argsort(-mesh.weights, axis=1, kind="stable")[:, : min(4, len(mesh.joints))]
    shares = np.take_along_axis(mesh.weights, order, axis=1)
    shares = shares / shares.sum(axis=1, keepdims=True)
    count = order.shape[1]
    binding.CreateJointIndicesPrimvar(False, count).Set(vt.IntArray.FromNumpy(np.ascontiguousarray(order.ravel(), np.int32)))
    binding.CreateJointWeightsPrimvar(False, count).Set(vt.FloatArray.FromNumpy(np.ascontiguousarray(shares.ravel(), np.float32)))
    binding.CreateGeomBindTransformAttr().Set(pxr.Gf.Matrix4d(1.0))
    targets = []
    for name, shape in zip(mesh.names, mesh.fields, strict=True):
        target = usd_skel.BlendShape.Define(stage, f"/Head/Mesh/{name}")
        moved = np.flatnonzero(np.abs(shape).max(axis=1) > LEAST)
        target.CreateOffsetsAttr(vt.Vec3fArray.FromNumpy(np.ascontiguousarray(shape[moved])))
        target.CreatePointIndicesAttr(vt.IntArray.FromNumpy(np.ascontiguousarray(moved, np.int32)))
        targets.append(target.GetPath())
    binding.CreateBlendShapesAttr(list(mesh.names))
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)


def define_mesh(pxr: Any, stage: Any, mesh: MorphMesh) -> Any:  # noqa: ANN401
    """Define the surface with its materials."""
    usd_geom, vt = pxr.UsdGeom, pxr.Vt
    shown = usd_geom.Mesh.Define(stage, "/Head/Mesh")
    shown.CreatePointsAttr(vt.Vec3fArray.FromNumpy(mesh.points))
    shown.CreateNormalsAttr(vt.Vec3fArray.FromNumpy(mesh.normals))
    shown.SetNormalsInterpolation(usd_geom.Tokens.vertex)
    shown.CreateFaceVertexCountsAttr(vt.IntArray.FromNumpy(np.full(len(mesh.triangles), 3, np.int32)))
    shown.CreateFaceVertexIndicesAttr(vt.IntArray.FromNumpy(np.ascontiguousarray(mesh.triangles.ravel(), np.int32)))
    shown.CreateSubdivisionSchemeAttr(usd_geom.Tokens.none)
    # The box of the whole movement: every shape at once, and some room for turns.
    reach = np.abs(mesh.fields).sum(axis=0).max(initial=0.0) + 0.1
    box = np.stack([mesh.points.min(axis=0) - reach, mesh.points.max(axis=0) + reach])
    shown.CreateExtentAttr(vt.Vec3fArray.FromNumpy(np.ascontiguousarray(box, np.float32)))
    if mesh.uv is not None:
        coordinates = usd_geom.PrimvarsAPI(shown).CreatePrimvar("st", pxr.Sdf.ValueTypeNames.TexCoord2fArray, usd_geom.Tokens.vertex)
        coordinates.Set(vt.Vec2fArray.FromNumpy(np.ascontiguousarray(mesh.uv, np.float32)))
    pxr.UsdShade.MaterialBindingAPI.Apply(shown.GetPrim())
    for name, (colour, rough, chosen) in mesh.materials.items():
        material = pxr.UsdShade.Material.Define(stage, f"/Head/Materials/{name}")
        shader = pxr.UsdShade.Shader.Define(stage, f"/Head/Materials/{name}/surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        shader.CreateInput("diffuseColor", pxr.Sdf.ValueTypeNames.Color3f).Set(pxr.Gf.Vec3f(*colour))
        shader.CreateInput("roughness", pxr.Sdf.ValueTypeNames.Float).Set(rough)
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
        faces = vt.IntArray.FromNumpy(np.ascontiguousarray(chosen, np.int32))
        subset = pxr.UsdShade.MaterialBindingAPI(shown).CreateMaterialBindSubset(name, faces)
        pxr.UsdShade.MaterialBindingAPI.Apply(subset.GetPrim()).Bind(material)
    return shown


def define_skeleton(pxr: Any, stage: Any, mesh: MorphMesh) -> Any:  # noqa: ANN401
    """Define the joints at rest."""
    skeleton = pxr.UsdSkel.Skeleton.Define(stage, "/Head/Skeleton")
    skeleton.CreateJointsAttr(paths_of(mesh))
    moved = [pxr.Gf.Matrix4d().SetTranslate(pxr.Gf.Vec3d(*joint.place)) for joint in mesh.joints]
    skeleton.CreateBindTransformsAttr(pxr.Vt.Matrix4dArray(moved))
    local = [pxr.Gf.Matrix4d().SetTranslate(pxr.Gf.Vec3d(*place)) for place in own_places(mesh).tolist()]
    skeleton.CreateRestTransformsAttr(pxr.Vt.Matrix4dArray(local))
    return skeleton


def own_places(mesh: MorphMesh) -> Any:  # noqa: ANN401
    """Place each joint (J, 3) relative to its parent, in metres."""
    places = np.array([joint.place for joint in mesh.joints])
    return np.stack([place - (0 if joint.parent < 0 else places[joint.parent]) for place, joint in zip(places, mesh.joints, strict=True)])


def animate(pxr: Any, stage: Any, mesh: MorphMesh, movement: Movement) -> Any:  # noqa: ANN401
    """Define the movement: weights, turns and places at every row."""
    gf, vt = pxr.Gf, pxr.Vt
    animation = pxr.UsdSkel.Animation.Define(stage, "/Head/Performance")
    animation.CreateBlendShapesAttr(list(mesh.names))
    animation.CreateJointsAttr(paths_of(mesh))
    weights, turns = animation.CreateBlendShapeWeightsAttr(), animation.CreateRotationsAttr()
    places = animation.CreateTranslationsAttr()
    animation.CreateScalesAttr(vt.Vec3hArray([gf.Vec3h(1, 1, 1)] * len(mesh.joints)))
    rest = own_places(mesh)
    moves = np.array([joint.name == "neck" for joint in mesh.joints], float)[:, None]
    still = np.array([0.0, 0.0, 0.0, 1.0], np.float32)
    for row in range(len(movement.weights)):
        weights.Set(vt.FloatArray.FromNumpy(np.ascontiguousarray(movement.weights[row])), row)
        now = [movement.turns[joint.name][row] if joint.name in movement.turns else still for joint in mesh.joints]
        turns.Set(vt.QuatfArray([gf.Quatf(float(w), float(x), float(y), float(z)) for x, y, z, w in now]), row)
        places.Set(vt.Vec3fArray.FromNumpy(np.ascontiguousarray(rest + moves * movement.shift[row], np.float32)), row)
    return animation
