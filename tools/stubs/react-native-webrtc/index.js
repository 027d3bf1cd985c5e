throw new Error('StakeCube does not support React Native: react-native-webrtc is replaced by a stub')
