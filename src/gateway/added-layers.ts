import { type LayerName, type LayerOptions, layerNames, makeLayer } from '../config/registry.ts'
import type { RouteLayerDeps, RouteLayerStage } from '../layers/route-layer.ts'
import type { StackLayer } from './stack-layer.ts'

type Given = { readonly [Name in LayerName]?: LayerOptions[Name] | undefined }

/** The layers that the route's options add at this stage, outermost first. */
export function addedLayers(route: Given, stage: RouteLayerStage, deps: RouteLayerDeps): readonly StackLayer[] {
  return layerNames.flatMap((name) => {
    const made = makeLayer(name, stage, route[name], deps)
    return made === undefined ? [] : [made]
  })
}
