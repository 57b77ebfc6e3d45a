// How call.feature(Features.X) finds its class: a factory names a constructor that takes the call.
export interface FeatureFactory {}
export interface Disposable {
  dispose(): void;
}
export interface BaseFeature extends Disposable {
  readonly name: string;
}
export interface CallFeature extends BaseFeature {}
export interface CallClientFeature extends BaseFeature {}
/* eslint-disable @typescript-eslint/no-explicit-any -- the official factories are declared so. */
export interface CallFeatureFactory<T extends CallFeature> extends FeatureFactory {
  readonly callApiCtor: new (context: any) => T;
}
export interface CallClientFeatureFactory<T extends CallClientFeature> extends FeatureFactory {
  readonly callClientApiCtor: new (context: any) => T;
}
