import type { LegView } from '../broadcast/delivery-schema.ts'
import type { ViewOf } from '../kit/view-schema.ts'
import type { CallFigures, SecondFigures } from '../telemetry/figures/figures-schema.ts'
import type { SchemaName, schemas } from './openapi/schemas.ts'

/**
 * Types of the responses of the admin API, for the code that answers, the dashboard and `hedgerow`. They are derived
 * from the schemas in `openapi/schemas.ts`, which also make the OpenAPI description (`/api/openapi.json`).
 *
 * Times of day are ISO 8601, durations milliseconds, shares 0 to 1.
 */

type View<Name extends SchemaName> = ViewOf<(typeof schemas)[Name]>

export type RefusalView = View<'Refusal'>

export type LiveFigures = SecondFigures
export type OverviewView = View<'Overview'>
export type RouteView = OverviewView['routes'][number]
export type { CallFigures }

export type CallListView = View<'CallList'>
/** A recorded call with its race. */
export type CallView = View<'Call'>
export type AttemptView = CallView['attempts'][number]

export type LimitListView = View<'LimitList'>
export type LimitView = LimitListView['routes'][number]

export type UpstreamListView = View<'UpstreamList'>
export type UpstreamView = UpstreamListView['upstreams'][number]
export type TargetView = UpstreamView['targets'][number]

export type DeliveryListView = View<'DeliveryList'>
export type DeliveryView = DeliveryListView['deliveries'][number]
export type DeliveryDetailView = View<'DeliveryDetail'>
export type { LegView }
export type RequestView = NonNullable<DeliveryDetailView['request']>

export type WaiterListView = View<'WaiterList'>
export type TicketListView = View<'TicketList'>

export type ConfigView = View<'Config'>
export type ReloadView = View<'Reload'>
export type BackendListView = View<'BackendList'>
export type BackendView = View<'Backend'>
